CREATE TABLE centra_account (
 account_id TEXT,
 name TEXT,
 status TEXT,
 is_internal BOOLEAN,
 created_at TIMESTAMP WITHOUT TIME ZONE,
 updated_at TIMESTAMP WITHOUT TIME ZONE
);
CREATE TABLE centra_buyer (
 buyer_id TEXT,
 status TEXT,
 email TEXT,
 email_key TEXT,
 created_at TIMESTAMP WITHOUT TIME ZONE,
 updated_at TIMESTAMP WITHOUT TIME ZONE
);
CREATE TABLE centra_campaign_market (
 campaign_id TEXT,
 market_id TEXT
);
CREATE TABLE centra_campaign_price (
 campaign_id TEXT,
 pricelist_id TEXT,
 variant_id TEXT,
 status TEXT,
 price_minor BIGINT,
 currency TEXT,
 starts_at TIMESTAMP WITHOUT TIME ZONE,
 stops_at TIMESTAMP WITHOUT TIME ZONE
);
CREATE TABLE centra_country (
 country_id TEXT,
 code TEXT,
 name TEXT
);
CREATE TABLE centra_currency (
 code TEXT,
 is_base BOOLEAN
);
CREATE TABLE centra_customer (
 customer_id TEXT,
 store_id TEXT,
 status TEXT,
 email TEXT,
 email_key TEXT,
 first_name TEXT,
 last_name TEXT,
 is_anonymized BOOLEAN,
 total_orders INTEGER,
 created_at TIMESTAMP WITHOUT TIME ZONE,
 updated_at TIMESTAMP WITHOUT TIME ZONE
);
CREATE TABLE centra_display (
 display_id TEXT,
 store_id TEXT,
 product_id TEXT,
 name TEXT,
 status TEXT,
 uri TEXT,
 category TEXT,
 updated_at TIMESTAMP WITHOUT TIME ZONE
);
CREATE TABLE centra_display_market (
 display_id TEXT,
 market_id TEXT
);
CREATE TABLE centra_display_variant (
 display_id TEXT,
 variant_id TEXT
);
CREATE TABLE centra_lowest_price (
 pricelist_id TEXT,
 variant_id TEXT,
 market_id TEXT,
 original_minor BIGINT,
 price_minor BIGINT,
 currency TEXT,
 started_at TIMESTAMP WITHOUT TIME ZONE
);
CREATE TABLE centra_market (
 market_id TEXT,
 name TEXT
);
CREATE TABLE centra_order (
 order_number TEXT,
 order_id TEXT,
 kind TEXT,
 status TEXT,
 store_id TEXT,
 market_id TEXT,
 customer_id TEXT,
 buyer_id TEXT,
 email_key TEXT,
 affiliate TEXT,
 is_internal BOOLEAN,
 is_on_hold BOOLEAN,
 is_waiting_for_payment BOOLEAN,
 currency TEXT,
 total_minor BIGINT,
 tax_added_minor BIGINT,
 shipping_minor BIGINT,
 created_at TIMESTAMP WITHOUT TIME ZONE,
 updated_at TIMESTAMP WITHOUT TIME ZONE
);
INSERT INTO centra_order (order_number, status) VALUES ('1', 'PENDING');
CREATE TABLE centra_order_attribute (
 order_number TEXT,
 name TEXT,
 value TEXT
);
CREATE TABLE centra_order_line (
 order_number TEXT,
 line_id TEXT,
 kind TEXT,
 item TEXT,
 quantity INTEGER,
 cancelled_quantity INTEGER,
 value_minor BIGINT,
 currency TEXT,
 digits INTEGER,
 base_minor BIGINT,
 tax_percent DOUBLE PRECISION
);
CREATE TABLE centra_payment (
 payment_id TEXT,
 order_number TEXT,
 entry_type TEXT,
 status TEXT,
 value_minor BIGINT,
 currency TEXT,
 created_at TIMESTAMP WITHOUT TIME ZONE
);
CREATE TABLE centra_price (
 price_id TEXT,
 pricelist_id TEXT,
 product_id TEXT,
 variant_id TEXT,
 value_minor BIGINT,
 currency TEXT
);
CREATE TABLE centra_pricelist (
 pricelist_id TEXT,
 store_id TEXT,
 name TEXT,
 status TEXT,
 currency TEXT
);
CREATE TABLE centra_product (
 product_id TEXT,
 number TEXT,
 name TEXT,
 status TEXT,
 is_bundle BOOLEAN,
 brand TEXT,
 collection TEXT,
 created_at TIMESTAMP WITHOUT TIME ZONE,
 updated_at TIMESTAMP WITHOUT TIME ZONE
);
CREATE TABLE centra_return (
 return_id TEXT,
 order_number TEXT,
 status TEXT,
 created_at TIMESTAMP WITHOUT TIME ZONE,
 has_refund BOOLEAN
);
CREATE TABLE centra_return_line (
 return_id TEXT,
 line_id TEXT,
 quantity INTEGER
);
CREATE TABLE centra_shipment (
 shipment_id TEXT,
 kind TEXT,
 number TEXT,
 order_number TEXT,
 is_shipped BOOLEAN,
 is_paid BOOLEAN,
 is_captured BOOLEAN,
 shipped_at TIMESTAMP WITHOUT TIME ZONE,
 created_at TIMESTAMP WITHOUT TIME ZONE,
 updated_at TIMESTAMP WITHOUT TIME ZONE
);
CREATE TABLE centra_shipment_line (
 shipment_id TEXT,
 line_id TEXT,
 quantity INTEGER,
 returned_quantity INTEGER
);
CREATE TABLE centra_size (
 size_id TEXT,
 variant_id TEXT,
 sku TEXT,
 ean TEXT,
 item TEXT,
 is_active BOOLEAN,
 updated_at TIMESTAMP WITHOUT TIME ZONE
);
CREATE TABLE centra_stock (
 size_id TEXT,
 warehouse_id TEXT,
 free_to_allocate INTEGER
);
CREATE TABLE centra_store (
 store_id TEXT,
 name TEXT,
 type TEXT
);
CREATE TABLE centra_subscription (
 subscription_id TEXT,
 store_id TEXT,
 email TEXT,
 email_key TEXT,
 is_active BOOLEAN,
 is_product_bound BOOLEAN,
 created_at TIMESTAMP WITHOUT TIME ZONE
);
CREATE TABLE centra_variant (
 variant_id TEXT,
 product_id TEXT,
 number TEXT,
 name TEXT,
 status TEXT,
 stock_offset INTEGER,
 updated_at TIMESTAMP WITHOUT TIME ZONE
);
CREATE TABLE centra_warehouse (
 warehouse_id TEXT,
 name TEXT,
 threshold INTEGER
);
CREATE TABLE check_population (
 check_id TEXT,
 checked BIGINT
);
CREATE TABLE drift_consent (
 check_id TEXT,
 subject_kind TEXT,
 subject_key TEXT,
 customer_id TEXT,
 contact_id TEXT,
 people INTEGER,
 money_minor BIGINT,
 currency TEXT,
 cause TEXT,
 contained BOOLEAN,
 occurred_at TIMESTAMP WITHOUT TIME ZONE,
 centra_consent TEXT,
 centra_evidence TEXT,
 centra_evidence_at TIMESTAMP WITHOUT TIME ZONE,
 emarsys_opt_in INTEGER,
 emarsys_unsubscribed_at TIMESTAMP WITHOUT TIME ZONE
);
INSERT INTO drift_consent (check_id, subject_key) VALUES ('consent.withdrawn_but_opted_in', '900');
CREATE TABLE drift_event (
 check_id TEXT,
 subject_kind TEXT,
 subject_key TEXT,
 customer_id TEXT,
 contact_id TEXT,
 people INTEGER,
 money_minor BIGINT,
 currency TEXT,
 cause TEXT,
 contained BOOLEAN,
 occurred_at TIMESTAMP WITHOUT TIME ZONE,
 centra_orders INTEGER,
 emarsys_event TEXT,
 emarsys_happened_at TIMESTAMP WITHOUT TIME ZONE
);
CREATE TABLE drift_quality (
 check_id TEXT,
 subject_kind TEXT,
 subject_key TEXT,
 customer_id TEXT,
 contact_id TEXT,
 people INTEGER,
 money_minor BIGINT,
 currency TEXT,
 cause TEXT,
 contained BOOLEAN,
 occurred_at TIMESTAMP WITHOUT TIME ZONE,
 centra_value TEXT,
 emarsys_value TEXT
);
CREATE TABLE drift_sales (
 check_id TEXT,
 subject_kind TEXT,
 subject_key TEXT,
 customer_id TEXT,
 contact_id TEXT,
 people INTEGER,
 money_minor BIGINT,
 currency TEXT,
 cause TEXT,
 contained BOOLEAN,
 occurred_at TIMESTAMP WITHOUT TIME ZONE,
 centra_channel TEXT,
 centra_status TEXT,
 centra_quantity BIGINT,
 centra_amount_minor BIGINT,
 emarsys_quantity DOUBLE PRECISION,
 emarsys_amount_minor BIGINT,
 emarsys_rows INTEGER,
 emarsys_contact_id TEXT
);
CREATE TABLE emarsys_contact (
 contact_id TEXT,
 external_id TEXT,
 email TEXT,
 email_key TEXT,
 first_name TEXT,
 last_name TEXT,
 opt_in INTEGER,
 source_id TEXT,
 form_id TEXT
);
CREATE TABLE emarsys_event (
 event_id TEXT,
 event_type_id TEXT,
 contact_id TEXT,
 happened_at TIMESTAMP WITHOUT TIME ZONE,
 loaded_at TIMESTAMP WITHOUT TIME ZONE
);
CREATE TABLE emarsys_event_definition (
 event_type_id TEXT,
 name TEXT
);
CREATE TABLE emarsys_feed (
 written_at TIMESTAMP WITHOUT TIME ZONE
);
CREATE TABLE emarsys_item (
 item TEXT,
 title TEXT,
 link TEXT,
 image TEXT,
 category TEXT,
 available BOOLEAN,
 price_minor BIGINT,
 msrp_minor BIGINT,
 stock BIGINT,
 currency TEXT
);
CREATE TABLE emarsys_item_locale (
 item TEXT,
 locale TEXT,
 name TEXT,
 value TEXT
);
CREATE TABLE emarsys_quarantine (
 contact_id TEXT
);
CREATE TABLE emarsys_sale (
 order_number TEXT,
 item TEXT,
 purchased_on DATE,
 quantity_milli BIGINT,
 amount_minor BIGINT,
 si_contact_id TEXT,
 loaded_at TIMESTAMP WITHOUT TIME ZONE
);
CREATE TABLE emarsys_si_contact (
 si_contact_id TEXT,
 contact_id TEXT,
 external_id TEXT,
 is_generated BOOLEAN
);
CREATE TABLE emarsys_unsubscribe (
 contact_id TEXT,
 happened_at TIMESTAMP WITHOUT TIME ZONE,
 source TEXT
);
CREATE TABLE history_centra_account (
 account_id TEXT,
 name TEXT,
 status TEXT,
 is_internal BOOLEAN,
 created_at TIMESTAMP WITHOUT TIME ZONE,
 updated_at TIMESTAMP WITHOUT TIME ZONE,
 valid_from_run TEXT,
 valid_to_run TEXT,
 row_hash TEXT
);
CREATE TABLE history_centra_buyer (
 buyer_id TEXT,
 status TEXT,
 email TEXT,
 email_key TEXT,
 created_at TIMESTAMP WITHOUT TIME ZONE,
 updated_at TIMESTAMP WITHOUT TIME ZONE,
 valid_from_run TEXT,
 valid_to_run TEXT,
 row_hash TEXT
);
CREATE TABLE history_centra_country (
 country_id TEXT,
 code TEXT,
 name TEXT,
 valid_from_run TEXT,
 valid_to_run TEXT,
 row_hash TEXT
);
CREATE TABLE history_centra_currency (
 code TEXT,
 is_base BOOLEAN,
 valid_from_run TEXT,
 valid_to_run TEXT,
 row_hash TEXT
);
CREATE TABLE history_centra_customer (
 customer_id TEXT,
 store_id TEXT,
 status TEXT,
 email TEXT,
 email_key TEXT,
 first_name TEXT,
 last_name TEXT,
 is_anonymized BOOLEAN,
 total_orders INTEGER,
 created_at TIMESTAMP WITHOUT TIME ZONE,
 updated_at TIMESTAMP WITHOUT TIME ZONE,
 valid_from_run TEXT,
 valid_to_run TEXT,
 row_hash TEXT
);
CREATE TABLE history_centra_display (
 display_id TEXT,
 store_id TEXT,
 product_id TEXT,
 name TEXT,
 status TEXT,
 uri TEXT,
 category TEXT,
 updated_at TIMESTAMP WITHOUT TIME ZONE,
 valid_from_run TEXT,
 valid_to_run TEXT,
 row_hash TEXT
);
CREATE TABLE history_centra_market (
 market_id TEXT,
 name TEXT,
 valid_from_run TEXT,
 valid_to_run TEXT,
 row_hash TEXT
);
CREATE TABLE history_centra_order (
 order_number TEXT,
 order_id TEXT,
 kind TEXT,
 status TEXT,
 store_id TEXT,
 market_id TEXT,
 customer_id TEXT,
 buyer_id TEXT,
 email_key TEXT,
 affiliate TEXT,
 is_internal BOOLEAN,
 is_on_hold BOOLEAN,
 is_waiting_for_payment BOOLEAN,
 currency TEXT,
 total_minor BIGINT,
 tax_added_minor BIGINT,
 shipping_minor BIGINT,
 created_at TIMESTAMP WITHOUT TIME ZONE,
 updated_at TIMESTAMP WITHOUT TIME ZONE,
 valid_from_run TEXT,
 valid_to_run TEXT,
 row_hash TEXT
);
INSERT INTO history_centra_order (order_number, status, valid_from_run, row_hash) VALUES ('1', 'PENDING', 'a', 'h1');
CREATE TABLE history_centra_order_attribute (
 order_number TEXT,
 name TEXT,
 value TEXT,
 valid_from_run TEXT,
 valid_to_run TEXT,
 row_hash TEXT
);
CREATE TABLE history_centra_order_line (
 order_number TEXT,
 line_id TEXT,
 kind TEXT,
 item TEXT,
 quantity INTEGER,
 cancelled_quantity INTEGER,
 value_minor BIGINT,
 currency TEXT,
 digits INTEGER,
 base_minor BIGINT,
 tax_percent DOUBLE PRECISION,
 valid_from_run TEXT,
 valid_to_run TEXT,
 row_hash TEXT
);
INSERT INTO history_centra_order_line (order_number, line_id, item, valid_from_run, row_hash) VALUES ('1', '1', 'PENDING', 'a', 'h1');
CREATE TABLE history_centra_price (
 price_id TEXT,
 pricelist_id TEXT,
 product_id TEXT,
 variant_id TEXT,
 value_minor BIGINT,
 currency TEXT,
 valid_from_run TEXT,
 valid_to_run TEXT,
 row_hash TEXT
);
CREATE TABLE history_centra_pricelist (
 pricelist_id TEXT,
 store_id TEXT,
 name TEXT,
 status TEXT,
 currency TEXT,
 valid_from_run TEXT,
 valid_to_run TEXT,
 row_hash TEXT
);
CREATE TABLE history_centra_product (
 product_id TEXT,
 number TEXT,
 name TEXT,
 status TEXT,
 is_bundle BOOLEAN,
 brand TEXT,
 collection TEXT,
 created_at TIMESTAMP WITHOUT TIME ZONE,
 updated_at TIMESTAMP WITHOUT TIME ZONE,
 valid_from_run TEXT,
 valid_to_run TEXT,
 row_hash TEXT
);
CREATE TABLE history_centra_return (
 return_id TEXT,
 order_number TEXT,
 status TEXT,
 created_at TIMESTAMP WITHOUT TIME ZONE,
 has_refund BOOLEAN,
 valid_from_run TEXT,
 valid_to_run TEXT,
 row_hash TEXT
);
CREATE TABLE history_centra_return_line (
 return_id TEXT,
 line_id TEXT,
 quantity INTEGER,
 valid_from_run TEXT,
 valid_to_run TEXT,
 row_hash TEXT
);
CREATE TABLE history_centra_shipment (
 shipment_id TEXT,
 kind TEXT,
 number TEXT,
 order_number TEXT,
 is_shipped BOOLEAN,
 is_paid BOOLEAN,
 is_captured BOOLEAN,
 shipped_at TIMESTAMP WITHOUT TIME ZONE,
 created_at TIMESTAMP WITHOUT TIME ZONE,
 updated_at TIMESTAMP WITHOUT TIME ZONE,
 valid_from_run TEXT,
 valid_to_run TEXT,
 row_hash TEXT
);
CREATE TABLE history_centra_shipment_line (
 shipment_id TEXT,
 line_id TEXT,
 quantity INTEGER,
 returned_quantity INTEGER,
 valid_from_run TEXT,
 valid_to_run TEXT,
 row_hash TEXT
);
CREATE TABLE history_centra_size (
 size_id TEXT,
 variant_id TEXT,
 sku TEXT,
 ean TEXT,
 item TEXT,
 is_active BOOLEAN,
 updated_at TIMESTAMP WITHOUT TIME ZONE,
 valid_from_run TEXT,
 valid_to_run TEXT,
 row_hash TEXT
);
CREATE TABLE history_centra_stock (
 size_id TEXT,
 warehouse_id TEXT,
 free_to_allocate INTEGER,
 valid_from_run TEXT,
 valid_to_run TEXT,
 row_hash TEXT
);
CREATE TABLE history_centra_store (
 store_id TEXT,
 name TEXT,
 type TEXT,
 valid_from_run TEXT,
 valid_to_run TEXT,
 row_hash TEXT
);
CREATE TABLE history_centra_subscription (
 subscription_id TEXT,
 store_id TEXT,
 email TEXT,
 email_key TEXT,
 is_active BOOLEAN,
 is_product_bound BOOLEAN,
 created_at TIMESTAMP WITHOUT TIME ZONE,
 valid_from_run TEXT,
 valid_to_run TEXT,
 row_hash TEXT
);
CREATE TABLE history_centra_variant (
 variant_id TEXT,
 product_id TEXT,
 number TEXT,
 name TEXT,
 status TEXT,
 stock_offset INTEGER,
 updated_at TIMESTAMP WITHOUT TIME ZONE,
 valid_from_run TEXT,
 valid_to_run TEXT,
 row_hash TEXT
);
CREATE TABLE history_centra_warehouse (
 warehouse_id TEXT,
 name TEXT,
 threshold INTEGER,
 valid_from_run TEXT,
 valid_to_run TEXT,
 row_hash TEXT
);
CREATE TABLE history_emarsys_contact (
 contact_id TEXT,
 external_id TEXT,
 email TEXT,
 email_key TEXT,
 first_name TEXT,
 last_name TEXT,
 opt_in INTEGER,
 source_id TEXT,
 form_id TEXT,
 valid_from_run TEXT,
 valid_to_run TEXT,
 row_hash TEXT
);
CREATE TABLE history_emarsys_event_definition (
 event_type_id TEXT,
 name TEXT,
 valid_from_run TEXT,
 valid_to_run TEXT,
 row_hash TEXT
);
CREATE TABLE history_emarsys_quarantine (
 contact_id TEXT,
 valid_from_run TEXT,
 valid_to_run TEXT,
 row_hash TEXT
);
CREATE TABLE history_emarsys_si_contact (
 si_contact_id TEXT,
 contact_id TEXT,
 external_id TEXT,
 is_generated BOOLEAN,
 valid_from_run TEXT,
 valid_to_run TEXT,
 row_hash TEXT
);
CREATE TABLE link_contact (
 contact_id TEXT,
 email_key TEXT,
 opt_in INTEGER,
 person TEXT,
 customer_id TEXT,
 consent TEXT,
 evidence_at TIMESTAMP WITHOUT TIME ZONE,
 changed_at TIMESTAMP WITHOUT TIME ZONE,
 erased_customer_id TEXT,
 is_buyer BOOLEAN,
 unsubscribed_at TIMESTAMP WITHOUT TIME ZONE,
 contained BOOLEAN
);
CREATE TABLE link_order (
 order_number TEXT,
 channel TEXT,
 status TEXT,
 is_cancelled BOOLEAN,
 is_due BOOLEAN,
 is_settled BOOLEAN,
 customer_id TEXT,
 person TEXT,
 created_at TIMESTAMP WITHOUT TIME ZONE
);
CREATE TABLE link_person (
 email_key TEXT,
 customer_id TEXT,
 consent TEXT,
 evidence_at TIMESTAMP WITHOUT TIME ZONE,
 changed_at TIMESTAMP WITHOUT TIME ZONE
);
CREATE TABLE link_sale (
 order_number TEXT,
 item TEXT,
 lines INTEGER,
 sold_quantity BIGINT,
 cancelled_quantity BIGINT,
 net_quantity BIGINT,
 least_quantity BIGINT,
 net_minor BIGINT,
 least_minor BIGINT,
 unit_minor BIGINT,
 untaxed_minor BIGINT,
 unconverted_minor BIGINT,
 rows INTEGER,
 sale_rows INTEGER,
 quantity_milli BIGINT,
 amount_minor BIGINT,
 purchased_on DATE
);
CREATE TABLE snapshot_run (
 number BIGINT,
 run TEXT,
 as_of TIMESTAMP WITHOUT TIME ZONE
);
INSERT INTO snapshot_run (number, run, as_of) VALUES (1, 'a', '2026-10-31 04:30:00');
CREATE TABLE stream_position (
 number BIGINT,
 run TEXT,
 stream TEXT,
 mode TEXT,
 basis TEXT,
 as_of TIMESTAMP WITHOUT TIME ZONE,
 full_at TIMESTAMP WITHOUT TIME ZONE
);
INSERT INTO stream_position (number, run, stream, mode, basis, as_of, full_at) VALUES (1, 'a', 'centra.orders', 'full', 'of-an-older-auditor', '2026-10-31 04:30:00', '2026-10-31 04:30:00');
CREATE TABLE unfinished_page (
 stream TEXT,
 number INTEGER,
 cursor TEXT,
 rows INTEGER,
 aside INTEGER,
 hides INTEGER
);
INSERT INTO unfinished_page (stream, number, rows) VALUES ('centra.orders', 1, 5);
CREATE TABLE unfinished_read (
 stream TEXT,
 mode TEXT,
 basis TEXT,
 as_of TIMESTAMP WITHOUT TIME ZONE,
 changed_since TIMESTAMP WITHOUT TIME ZONE
);
INSERT INTO unfinished_read (stream, mode, basis, as_of) VALUES ('centra.orders', 'full', 'b', '2026-10-31 04:30:00');
CREATE TABLE unparsed_row (
 run TEXT,
 stream TEXT,
 reason TEXT,
 content TEXT
);
