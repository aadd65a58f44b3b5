CREATE TABLE centra_account (
 account_id TEXT COLLATE "C",
 name TEXT COLLATE "C",
 status TEXT COLLATE "C",
 is_internal BOOLEAN,
 created_at TIMESTAMP WITHOUT TIME ZONE,
 updated_at TIMESTAMP WITHOUT TIME ZONE
);
CREATE TABLE centra_buyer (
 buyer_id TEXT COLLATE "C",
 status TEXT COLLATE "C",
 email TEXT COLLATE "C",
 email_key TEXT COLLATE "C",
 created_at TIMESTAMP WITHOUT TIME ZONE,
 updated_at TIMESTAMP WITHOUT TIME ZONE
);
CREATE TABLE centra_campaign_market (
 campaign_id TEXT COLLATE "C",
 market_id TEXT COLLATE "C"
);
CREATE TABLE centra_campaign_price (
 campaign_id TEXT COLLATE "C",
 pricelist_id TEXT COLLATE "C",
 variant_id TEXT COLLATE "C",
 status TEXT COLLATE "C",
 price_minor BIGINT,
 currency TEXT COLLATE "C",
 starts_at TIMESTAMP WITHOUT TIME ZONE,
 stops_at TIMESTAMP WITHOUT TIME ZONE
);
CREATE TABLE centra_country (
 country_id TEXT COLLATE "C",
 code TEXT COLLATE "C",
 name TEXT COLLATE "C"
);
CREATE TABLE centra_currency (
 code TEXT COLLATE "C",
 is_base BOOLEAN
);
CREATE TABLE centra_customer (
 customer_id TEXT COLLATE "C",
 store_id TEXT COLLATE "C",
 status TEXT COLLATE "C",
 email TEXT COLLATE "C",
 email_key TEXT COLLATE "C",
 first_name TEXT COLLATE "C",
 last_name TEXT COLLATE "C",
 is_anonymized BOOLEAN,
 total_orders INTEGER,
 created_at TIMESTAMP WITHOUT TIME ZONE,
 updated_at TIMESTAMP WITHOUT TIME ZONE,
 email_hash TEXT COLLATE "C"
);
CREATE TABLE centra_customer_flag (
 customer_id TEXT COLLATE "C",
 email_key TEXT COLLATE "C",
 receives_newsletters BOOLEAN,
 is_registered BOOLEAN,
 created_at TIMESTAMP WITHOUT TIME ZONE,
 updated_at TIMESTAMP WITHOUT TIME ZONE
);
CREATE TABLE centra_display (
 display_id TEXT COLLATE "C",
 store_id TEXT COLLATE "C",
 product_id TEXT COLLATE "C",
 name TEXT COLLATE "C",
 status TEXT COLLATE "C",
 uri TEXT COLLATE "C",
 category TEXT COLLATE "C",
 images TEXT COLLATE "C",
 updated_at TIMESTAMP WITHOUT TIME ZONE
);
CREATE TABLE centra_display_market (
 display_id TEXT COLLATE "C",
 market_id TEXT COLLATE "C"
);
CREATE TABLE centra_display_variant (
 display_id TEXT COLLATE "C",
 variant_id TEXT COLLATE "C"
);
CREATE TABLE centra_keyed_consent (
 customer_id TEXT COLLATE "C",
 email_key TEXT COLLATE "C",
 key TEXT COLLATE "C",
 version TEXT COLLATE "C",
 is_given BOOLEAN,
 created_at TIMESTAMP WITHOUT TIME ZONE,
 updated_at TIMESTAMP WITHOUT TIME ZONE
);
CREATE TABLE centra_lowest_price (
 pricelist_id TEXT COLLATE "C",
 variant_id TEXT COLLATE "C",
 market_id TEXT COLLATE "C",
 original_minor BIGINT,
 price_minor BIGINT,
 currency TEXT COLLATE "C",
 started_at TIMESTAMP WITHOUT TIME ZONE
);
CREATE TABLE centra_market (
 market_id TEXT COLLATE "C",
 name TEXT COLLATE "C"
);
CREATE TABLE centra_order (
 order_number TEXT COLLATE "C",
 order_id TEXT COLLATE "C",
 kind TEXT COLLATE "C",
 status TEXT COLLATE "C",
 store_id TEXT COLLATE "C",
 market_id TEXT COLLATE "C",
 customer_id TEXT COLLATE "C",
 buyer_id TEXT COLLATE "C",
 email_key TEXT COLLATE "C",
 affiliate TEXT COLLATE "C",
 is_internal BOOLEAN,
 is_on_hold BOOLEAN,
 is_waiting_for_payment BOOLEAN,
 currency TEXT COLLATE "C",
 total_minor BIGINT,
 tax_added_minor BIGINT,
 shipping_minor BIGINT,
 created_at TIMESTAMP WITHOUT TIME ZONE,
 updated_at TIMESTAMP WITHOUT TIME ZONE,
 payment_method TEXT COLLATE "C"
);
INSERT INTO centra_order (order_number, status) VALUES ('1', 'PENDING');
CREATE TABLE centra_order_attribute (
 order_number TEXT COLLATE "C",
 name TEXT COLLATE "C",
 value TEXT COLLATE "C"
);
CREATE TABLE centra_order_line (
 order_number TEXT COLLATE "C",
 line_id TEXT COLLATE "C",
 kind TEXT COLLATE "C",
 item TEXT COLLATE "C",
 quantity INTEGER,
 cancelled_quantity INTEGER,
 value_minor BIGINT,
 currency TEXT COLLATE "C",
 digits INTEGER,
 base_minor BIGINT,
 tax_percent DOUBLE PRECISION
);
CREATE TABLE centra_payment (
 payment_id TEXT COLLATE "C",
 order_number TEXT COLLATE "C",
 entry_type TEXT COLLATE "C",
 status TEXT COLLATE "C",
 value_minor BIGINT,
 currency TEXT COLLATE "C",
 created_at TIMESTAMP WITHOUT TIME ZONE
);
CREATE TABLE centra_price (
 price_id TEXT COLLATE "C",
 pricelist_id TEXT COLLATE "C",
 product_id TEXT COLLATE "C",
 variant_id TEXT COLLATE "C",
 value_minor BIGINT,
 currency TEXT COLLATE "C"
);
CREATE TABLE centra_pricelist (
 pricelist_id TEXT COLLATE "C",
 store_id TEXT COLLATE "C",
 name TEXT COLLATE "C",
 status TEXT COLLATE "C",
 currency TEXT COLLATE "C"
);
CREATE TABLE centra_product (
 product_id TEXT COLLATE "C",
 number TEXT COLLATE "C",
 name TEXT COLLATE "C",
 status TEXT COLLATE "C",
 is_bundle BOOLEAN,
 brand TEXT COLLATE "C",
 collection TEXT COLLATE "C",
 created_at TIMESTAMP WITHOUT TIME ZONE,
 updated_at TIMESTAMP WITHOUT TIME ZONE
);
CREATE TABLE centra_return (
 return_id TEXT COLLATE "C",
 order_number TEXT COLLATE "C",
 status TEXT COLLATE "C",
 created_at TIMESTAMP WITHOUT TIME ZONE,
 has_refund BOOLEAN
);
CREATE TABLE centra_return_line (
 return_id TEXT COLLATE "C",
 line_id TEXT COLLATE "C",
 quantity INTEGER
);
CREATE TABLE centra_shipment (
 shipment_id TEXT COLLATE "C",
 kind TEXT COLLATE "C",
 number TEXT COLLATE "C",
 order_number TEXT COLLATE "C",
 is_shipped BOOLEAN,
 is_paid BOOLEAN,
 is_captured BOOLEAN,
 shipped_at TIMESTAMP WITHOUT TIME ZONE,
 created_at TIMESTAMP WITHOUT TIME ZONE,
 updated_at TIMESTAMP WITHOUT TIME ZONE
);
CREATE TABLE centra_shipment_line (
 shipment_id TEXT COLLATE "C",
 line_id TEXT COLLATE "C",
 quantity INTEGER,
 returned_quantity INTEGER
);
CREATE TABLE centra_size (
 size_id TEXT COLLATE "C",
 variant_id TEXT COLLATE "C",
 sku TEXT COLLATE "C",
 ean TEXT COLLATE "C",
 item TEXT COLLATE "C",
 is_active BOOLEAN,
 updated_at TIMESTAMP WITHOUT TIME ZONE
);
CREATE TABLE centra_stock (
 size_id TEXT COLLATE "C",
 warehouse_id TEXT COLLATE "C",
 free_to_allocate INTEGER
);
CREATE TABLE centra_store (
 store_id TEXT COLLATE "C",
 name TEXT COLLATE "C",
 type TEXT COLLATE "C"
);
CREATE TABLE centra_subscription (
 subscription_id TEXT COLLATE "C",
 store_id TEXT COLLATE "C",
 email TEXT COLLATE "C",
 email_key TEXT COLLATE "C",
 is_active BOOLEAN,
 is_product_bound BOOLEAN,
 created_at TIMESTAMP WITHOUT TIME ZONE
);
CREATE TABLE centra_variant (
 variant_id TEXT COLLATE "C",
 product_id TEXT COLLATE "C",
 number TEXT COLLATE "C",
 name TEXT COLLATE "C",
 status TEXT COLLATE "C",
 stock_offset INTEGER,
 updated_at TIMESTAMP WITHOUT TIME ZONE
);
CREATE TABLE centra_warehouse (
 warehouse_id TEXT COLLATE "C",
 name TEXT COLLATE "C",
 threshold INTEGER
);
CREATE TABLE centra_wholesale_store (
 store_id TEXT COLLATE "C"
);
CREATE TABLE check_population (
 check_id TEXT COLLATE "C",
 checked BIGINT
);
CREATE TABLE drift_audience (
 check_id TEXT COLLATE "C",
 subject_kind TEXT COLLATE "C",
 subject_key TEXT COLLATE "C",
 customer_id TEXT COLLATE "C",
 contact_id TEXT COLLATE "C",
 people INTEGER,
 money_minor BIGINT,
 currency TEXT COLLATE "C",
 cause TEXT COLLATE "C",
 contained BOOLEAN,
 occurred_at TIMESTAMP WITHOUT TIME ZONE,
 centra_rule TEXT COLLATE "C",
 centra_is_member BOOLEAN,
 centra_amount_minor BIGINT,
 centra_count BIGINT,
 centra_last_on DATE,
 emarsys_is_member BOOLEAN,
 emarsys_amount_minor BIGINT,
 emarsys_count BIGINT,
 emarsys_last_on DATE,
 emarsys_explained_minor BIGINT,
 moved_by TEXT COLLATE "C",
 since TIMESTAMP WITHOUT TIME ZONE,
 agreed TEXT COLLATE "C",
 incident TEXT COLLATE "C"
);
CREATE TABLE drift_catalogue (
 check_id TEXT COLLATE "C",
 subject_kind TEXT COLLATE "C",
 subject_key TEXT COLLATE "C",
 customer_id TEXT COLLATE "C",
 contact_id TEXT COLLATE "C",
 people INTEGER,
 money_minor BIGINT,
 currency TEXT COLLATE "C",
 cause TEXT COLLATE "C",
 contained BOOLEAN,
 occurred_at TIMESTAMP WITHOUT TIME ZONE,
 centra_sellable BOOLEAN,
 centra_price_minor BIGINT,
 centra_msrp_minor BIGINT,
 centra_currency TEXT COLLATE "C",
 centra_stock BIGINT,
 centra_title TEXT COLLATE "C",
 centra_link TEXT COLLATE "C",
 centra_category TEXT COLLATE "C",
 centra_images TEXT COLLATE "C",
 centra_collection TEXT COLLATE "C",
 emarsys_rows INTEGER,
 emarsys_available BOOLEAN,
 emarsys_price_minor BIGINT,
 emarsys_msrp_minor BIGINT,
 emarsys_currency TEXT COLLATE "C",
 emarsys_stock BIGINT,
 emarsys_title TEXT COLLATE "C",
 emarsys_link TEXT COLLATE "C",
 emarsys_category TEXT COLLATE "C",
 emarsys_image TEXT COLLATE "C",
 emarsys_collection TEXT COLLATE "C",
 moved_by TEXT COLLATE "C",
 since TIMESTAMP WITHOUT TIME ZONE,
 agreed TEXT COLLATE "C",
 incident TEXT COLLATE "C"
);
CREATE TABLE drift_consent (
 check_id TEXT COLLATE "C",
 subject_kind TEXT COLLATE "C",
 subject_key TEXT COLLATE "C",
 customer_id TEXT COLLATE "C",
 contact_id TEXT COLLATE "C",
 people INTEGER,
 money_minor BIGINT,
 currency TEXT COLLATE "C",
 cause TEXT COLLATE "C",
 contained BOOLEAN,
 occurred_at TIMESTAMP WITHOUT TIME ZONE,
 centra_consent TEXT COLLATE "C",
 centra_evidence TEXT COLLATE "C",
 centra_evidence_at TIMESTAMP WITHOUT TIME ZONE,
 emarsys_opt_in INTEGER,
 emarsys_unsubscribed_at TIMESTAMP WITHOUT TIME ZONE,
 moved_by TEXT COLLATE "C",
 since TIMESTAMP WITHOUT TIME ZONE,
 agreed TEXT COLLATE "C",
 incident TEXT COLLATE "C"
);
INSERT INTO drift_consent (check_id, subject_key) VALUES ('consent.withdrawn_but_opted_in', '900');
CREATE TABLE drift_event (
 check_id TEXT COLLATE "C",
 subject_kind TEXT COLLATE "C",
 subject_key TEXT COLLATE "C",
 customer_id TEXT COLLATE "C",
 contact_id TEXT COLLATE "C",
 people INTEGER,
 money_minor BIGINT,
 currency TEXT COLLATE "C",
 cause TEXT COLLATE "C",
 contained BOOLEAN,
 occurred_at TIMESTAMP WITHOUT TIME ZONE,
 centra_orders INTEGER,
 emarsys_event TEXT COLLATE "C",
 emarsys_happened_at TIMESTAMP WITHOUT TIME ZONE,
 moved_by TEXT COLLATE "C",
 since TIMESTAMP WITHOUT TIME ZONE,
 agreed TEXT COLLATE "C",
 incident TEXT COLLATE "C"
);
CREATE TABLE drift_freshness (
 check_id TEXT COLLATE "C",
 subject_kind TEXT COLLATE "C",
 subject_key TEXT COLLATE "C",
 customer_id TEXT COLLATE "C",
 contact_id TEXT COLLATE "C",
 people INTEGER,
 money_minor BIGINT,
 currency TEXT COLLATE "C",
 cause TEXT COLLATE "C",
 contained BOOLEAN,
 occurred_at TIMESTAMP WITHOUT TIME ZONE,
 centra_moved_at TIMESTAMP WITHOUT TIME ZONE,
 centra_records BIGINT,
 centra_expires_on DATE,
 emarsys_newest_at TIMESTAMP WITHOUT TIME ZONE,
 emarsys_lag_p50_s BIGINT,
 emarsys_lag_p95_s BIGINT,
 emarsys_expires_on DATE,
 emarsys_corrections BIGINT,
 moved_by TEXT COLLATE "C",
 since TIMESTAMP WITHOUT TIME ZONE,
 agreed TEXT COLLATE "C",
 incident TEXT COLLATE "C"
);
CREATE TABLE drift_fulfilment (
 check_id TEXT COLLATE "C",
 subject_kind TEXT COLLATE "C",
 subject_key TEXT COLLATE "C",
 customer_id TEXT COLLATE "C",
 contact_id TEXT COLLATE "C",
 people INTEGER,
 money_minor BIGINT,
 currency TEXT COLLATE "C",
 cause TEXT COLLATE "C",
 contained BOOLEAN,
 occurred_at TIMESTAMP WITHOUT TIME ZONE,
 centra_order TEXT COLLATE "C",
 centra_caused_at TIMESTAMP WITHOUT TIME ZONE,
 centra_orders INTEGER,
 emarsys_event TEXT COLLATE "C",
 emarsys_happened_at TIMESTAMP WITHOUT TIME ZONE,
 emarsys_missing INTEGER,
 emarsys_missing_share DOUBLE PRECISION,
 emarsys_usages INTEGER,
 moved_by TEXT COLLATE "C",
 since TIMESTAMP WITHOUT TIME ZONE,
 agreed TEXT COLLATE "C",
 incident TEXT COLLATE "C"
);
CREATE TABLE drift_identity (
 check_id TEXT COLLATE "C",
 subject_kind TEXT COLLATE "C",
 subject_key TEXT COLLATE "C",
 customer_id TEXT COLLATE "C",
 contact_id TEXT COLLATE "C",
 people INTEGER,
 money_minor BIGINT,
 currency TEXT COLLATE "C",
 cause TEXT COLLATE "C",
 contained BOOLEAN,
 occurred_at TIMESTAMP WITHOUT TIME ZONE,
 centra_customers INTEGER,
 centra_survivor_id TEXT COLLATE "C",
 emarsys_key TEXT COLLATE "C",
 emarsys_twin_contact_id TEXT COLLATE "C",
 emarsys_differs TEXT COLLATE "C",
 is_ambiguous BOOLEAN,
 moved_by TEXT COLLATE "C",
 since TIMESTAMP WITHOUT TIME ZONE,
 agreed TEXT COLLATE "C",
 incident TEXT COLLATE "C"
);
CREATE TABLE drift_quality (
 check_id TEXT COLLATE "C",
 subject_kind TEXT COLLATE "C",
 subject_key TEXT COLLATE "C",
 customer_id TEXT COLLATE "C",
 contact_id TEXT COLLATE "C",
 people INTEGER,
 money_minor BIGINT,
 currency TEXT COLLATE "C",
 cause TEXT COLLATE "C",
 contained BOOLEAN,
 occurred_at TIMESTAMP WITHOUT TIME ZONE,
 centra_value TEXT COLLATE "C",
 emarsys_value TEXT COLLATE "C",
 moved_by TEXT COLLATE "C",
 since TIMESTAMP WITHOUT TIME ZONE,
 agreed TEXT COLLATE "C",
 incident TEXT COLLATE "C"
);
CREATE TABLE drift_sales (
 check_id TEXT COLLATE "C",
 subject_kind TEXT COLLATE "C",
 subject_key TEXT COLLATE "C",
 customer_id TEXT COLLATE "C",
 contact_id TEXT COLLATE "C",
 people INTEGER,
 money_minor BIGINT,
 currency TEXT COLLATE "C",
 cause TEXT COLLATE "C",
 contained BOOLEAN,
 occurred_at TIMESTAMP WITHOUT TIME ZONE,
 centra_channel TEXT COLLATE "C",
 centra_status TEXT COLLATE "C",
 centra_quantity BIGINT,
 centra_amount_minor BIGINT,
 emarsys_quantity DOUBLE PRECISION,
 emarsys_amount_minor BIGINT,
 emarsys_rows INTEGER,
 emarsys_contact_id TEXT COLLATE "C",
 moved_by TEXT COLLATE "C",
 since TIMESTAMP WITHOUT TIME ZONE,
 agreed TEXT COLLATE "C",
 incident TEXT COLLATE "C"
);
CREATE TABLE emarsys_automation_execution (
 execution_id TEXT COLLATE "C",
 phase TEXT COLLATE "C",
 program_id TEXT COLLATE "C",
 node_id TEXT COLLATE "C",
 happened_at TIMESTAMP WITHOUT TIME ZONE,
 contact_id TEXT COLLATE "C",
 trigger_id TEXT COLLATE "C",
 result TEXT COLLATE "C"
);
CREATE TABLE emarsys_contact (
 contact_id TEXT COLLATE "C",
 external_id TEXT COLLATE "C",
 email TEXT COLLATE "C",
 email_key TEXT COLLATE "C",
 first_name TEXT COLLATE "C",
 last_name TEXT COLLATE "C",
 opt_in INTEGER,
 source_id TEXT COLLATE "C",
 form_id TEXT COLLATE "C",
 email_hash TEXT COLLATE "C"
);
CREATE TABLE emarsys_event (
 event_id TEXT COLLATE "C",
 event_type_id TEXT COLLATE "C",
 contact_id TEXT COLLATE "C",
 happened_at TIMESTAMP WITHOUT TIME ZONE,
 loaded_at TIMESTAMP WITHOUT TIME ZONE
);
CREATE TABLE emarsys_event_definition (
 event_type_id TEXT COLLATE "C",
 name TEXT COLLATE "C",
 usages INTEGER
);
CREATE TABLE emarsys_feed (
 written_at TIMESTAMP WITHOUT TIME ZONE
);
CREATE TABLE emarsys_item (
 item TEXT COLLATE "C",
 title TEXT COLLATE "C",
 link TEXT COLLATE "C",
 image TEXT COLLATE "C",
 category TEXT COLLATE "C",
 collection TEXT COLLATE "C",
 available BOOLEAN,
 price_minor BIGINT,
 msrp_minor BIGINT,
 stock BIGINT,
 currency TEXT COLLATE "C"
);
CREATE TABLE emarsys_item_locale (
 item TEXT COLLATE "C",
 locale TEXT COLLATE "C",
 name TEXT COLLATE "C",
 value TEXT COLLATE "C"
);
CREATE TABLE emarsys_latest_product (
 item TEXT COLLATE "C",
 group_id TEXT COLLATE "C",
 title TEXT COLLATE "C",
 link TEXT COLLATE "C",
 image TEXT COLLATE "C",
 category TEXT COLLATE "C",
 available BOOLEAN,
 price_minor BIGINT,
 msrp_minor BIGINT,
 currency TEXT COLLATE "C",
 is_paused BOOLEAN,
 changed_at TIMESTAMP WITHOUT TIME ZONE,
 loaded_at TIMESTAMP WITHOUT TIME ZONE
);
CREATE TABLE emarsys_quarantine (
 contact_id TEXT COLLATE "C"
);
CREATE TABLE emarsys_sale (
 order_number TEXT COLLATE "C",
 item TEXT COLLATE "C",
 purchased_on DATE,
 quantity_milli BIGINT,
 amount_minor BIGINT,
 si_contact_id TEXT COLLATE "C",
 loaded_at TIMESTAMP WITHOUT TIME ZONE
);
CREATE TABLE emarsys_segment_member (
 segment_id TEXT COLLATE "C",
 contact_id TEXT COLLATE "C"
);
CREATE TABLE emarsys_si_contact (
 si_contact_id TEXT COLLATE "C",
 contact_id TEXT COLLATE "C",
 external_id TEXT COLLATE "C",
 is_generated BOOLEAN
);
CREATE TABLE emarsys_unsubscribe (
 contact_id TEXT COLLATE "C",
 happened_at TIMESTAMP WITHOUT TIME ZONE,
 source TEXT COLLATE "C"
);
CREATE TABLE judged_state (
 run TEXT COLLATE "C",
 basis TEXT COLLATE "C",
 contacts_before TIMESTAMP WITHOUT TIME ZONE,
 sales_before TIMESTAMP WITHOUT TIME ZONE,
 events_before TIMESTAMP WITHOUT TIME ZONE,
 oldest_event TIMESTAMP WITHOUT TIME ZONE,
 is_of_part BOOLEAN,
 is_learned BOOLEAN
);
CREATE TABLE link_bought (
 person TEXT COLLATE "C",
 market TEXT COLLATE "C",
 channel TEXT COLLATE "C",
 store TEXT COLLATE "C"
);
CREATE TABLE link_contact (
 contact_id TEXT COLLATE "C",
 email_key TEXT COLLATE "C",
 opt_in INTEGER,
 person TEXT COLLATE "C",
 customer_id TEXT COLLATE "C",
 consent TEXT COLLATE "C",
 evidence TEXT COLLATE "C",
 evidence_at TIMESTAMP WITHOUT TIME ZONE,
 changed_at TIMESTAMP WITHOUT TIME ZONE,
 erased_customer_id TEXT COLLATE "C",
 is_buyer BOOLEAN,
 unsubscribed_at TIMESTAMP WITHOUT TIME ZONE,
 contained BOOLEAN,
 was_opted_out BOOLEAN,
 key TEXT COLLATE "C",
 is_key_live BOOLEAN,
 other_customer_id TEXT COLLATE "C",
 survivor_id TEXT COLLATE "C",
 survivors INTEGER,
 gone_at TIMESTAMP WITHOUT TIME ZONE
);
CREATE TABLE link_event (
 role TEXT COLLATE "C",
 contact_id TEXT COLLATE "C",
 subject TEXT COLLATE "C",
 order_number TEXT COLLATE "C",
 customer_id TEXT COLLATE "C",
 caused_at TIMESTAMP WITHOUT TIME ZONE,
 event_id TEXT COLLATE "C",
 happened_at TIMESTAMP WITHOUT TIME ZONE,
 timely_by TIMESTAMP WITHOUT TIME ZONE,
 nearest TEXT COLLATE "C",
 is_judged BOOLEAN
);
CREATE TABLE link_gone (
 customer_id TEXT COLLATE "C",
 survivor_id TEXT COLLATE "C",
 survivors INTEGER,
 gone_at TIMESTAMP WITHOUT TIME ZONE
);
CREATE TABLE link_item (
 item TEXT COLLATE "C",
 in_centra BOOLEAN,
 is_sellable BOOLEAN,
 is_bundle BOOLEAN,
 price_minor BIGINT,
 msrp_minor BIGINT,
 currency TEXT COLLATE "C",
 stock BIGINT,
 title TEXT COLLATE "C",
 uri TEXT COLLATE "C",
 category TEXT COLLATE "C",
 images TEXT COLLATE "C",
 collection TEXT COLLATE "C",
 changed_at TIMESTAMP WITHOUT TIME ZONE,
 is_settled BOOLEAN,
 has_moved BOOLEAN,
 rows INTEGER,
 available BOOLEAN,
 feed_price_minor BIGINT,
 feed_msrp_minor BIGINT,
 feed_currency TEXT COLLATE "C",
 feed_stock BIGINT,
 feed_title TEXT COLLATE "C",
 feed_link TEXT COLLATE "C",
 feed_category TEXT COLLATE "C",
 feed_image TEXT COLLATE "C",
 feed_collection TEXT COLLATE "C"
);
CREATE TABLE link_member (
 segment_id TEXT COLLATE "C",
 contact_id TEXT COLLATE "C",
 person TEXT COLLATE "C",
 is_member BOOLEAN,
 is_wrong BOOLEAN,
 amount_minor BIGINT,
 count BIGINT,
 last_on DATE
);
CREATE TABLE link_order (
 order_number TEXT COLLATE "C",
 channel TEXT COLLATE "C",
 status TEXT COLLATE "C",
 is_cancelled BOOLEAN,
 is_due BOOLEAN,
 is_settled BOOLEAN,
 market_id TEXT COLLATE "C",
 customer_id TEXT COLLATE "C",
 person TEXT COLLATE "C",
 created_at TIMESTAMP WITHOUT TIME ZONE,
 email_key TEXT COLLATE "C"
);
CREATE TABLE link_person (
 email_key TEXT COLLATE "C",
 customer_id TEXT COLLATE "C",
 consent TEXT COLLATE "C",
 evidence TEXT COLLATE "C",
 evidence_at TIMESTAMP WITHOUT TIME ZONE,
 changed_at TIMESTAMP WITHOUT TIME ZONE,
 is_live BOOLEAN
);
CREATE TABLE link_purchase (
 owner TEXT COLLATE "C",
 order_number TEXT COLLATE "C",
 item TEXT COLLATE "C",
 placed_on DATE,
 net_milli BIGINT,
 net_minor BIGINT,
 least_milli BIGINT,
 least_minor BIGINT,
 most_milli BIGINT,
 most_minor BIGINT,
 gross_milli BIGINT
);
CREATE TABLE link_sale (
 order_number TEXT COLLATE "C",
 item TEXT COLLATE "C",
 lines INTEGER,
 sold_quantity BIGINT,
 sold_minor BIGINT,
 base_minor BIGINT,
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
 purchased_on DATE,
 word TEXT COLLATE "C",
 tolerance BIGINT,
 is_right BOOLEAN
);
CREATE TABLE link_stream (
 stream TEXT COLLATE "C",
 moved_at TIMESTAMP WITHOUT TIME ZONE,
 waiting BIGINT,
 newest_at TIMESTAMP WITHOUT TIME ZONE,
 samples BIGINT,
 lag_p50_s BIGINT,
 lag_p95_s BIGINT
);
CREATE TABLE link_verdict (
 order_number TEXT COLLATE "C",
 net_quantity BIGINT,
 net_minor BIGINT,
 least_quantity BIGINT,
 least_minor BIGINT,
 quantity_milli BIGINT,
 amount_minor BIGINT,
 rows BIGINT,
 tolerance BIGINT,
 purchased_on DATE,
 has_cancelled BOOLEAN,
 has_returned BOOLEAN,
 has_drift BOOLEAN,
 has_unexplained BOOLEAN,
 is_right BOOLEAN,
 verdict TEXT COLLATE "C",
 gone_at TIMESTAMP WITHOUT TIME ZONE,
 channel TEXT COLLATE "C",
 status TEXT COLLATE "C",
 customer_id TEXT COLLATE "C",
 market_id TEXT COLLATE "C",
 is_cancelled BOOLEAN,
 created_at TIMESTAMP WITHOUT TIME ZONE,
 is_due BOOLEAN,
 is_settled BOOLEAN,
 is_judged BOOLEAN
);
CREATE TABLE revenue_bridge (
 market TEXT COLLATE "C",
 month TEXT COLLATE "C",
 currency TEXT COLLATE "C",
 step TEXT COLLATE "C",
 amount_minor BIGINT
);
CREATE TABLE touched_key (
 node INTEGER,
 key TEXT COLLATE "C"
);
CREATE TABLE unit_mark (
 node INTEGER,
 unit BIGINT,
 mark BIGINT
);
CREATE TABLE unparsed_row (
 run TEXT COLLATE "C",
 stream TEXT COLLATE "C",
 reason TEXT COLLATE "C",
 content TEXT COLLATE "C"
);
CREATE TABLE verified_share (
 days INTEGER,
 currency TEXT COLLATE "C",
 verified_minor BIGINT,
 due_minor BIGINT
);
CREATE TABLE agreed_value (
 topic TEXT COLLATE "C",
 link_key TEXT COLLATE "C",
 centra TEXT COLLATE "C",
 emarsys TEXT COLLATE "C",
 agreed_run TEXT COLLATE "C",
 seen_run TEXT COLLATE "C",
 centra_moved_at TIMESTAMP WITHOUT TIME ZONE,
 emarsys_moved_at TIMESTAMP WITHOUT TIME ZONE,
 mark BIGINT
);
CREATE TABLE history_centra_account (
 account_id TEXT COLLATE "C",
 name TEXT COLLATE "C",
 status TEXT COLLATE "C",
 is_internal BOOLEAN,
 created_at TIMESTAMP WITHOUT TIME ZONE,
 updated_at TIMESTAMP WITHOUT TIME ZONE,
 valid_from_run TEXT COLLATE "C",
 valid_to_run TEXT COLLATE "C",
 row_hash TEXT COLLATE "C"
);
CREATE TABLE history_centra_buyer (
 buyer_id TEXT COLLATE "C",
 status TEXT COLLATE "C",
 email TEXT COLLATE "C",
 email_key TEXT COLLATE "C",
 created_at TIMESTAMP WITHOUT TIME ZONE,
 updated_at TIMESTAMP WITHOUT TIME ZONE,
 valid_from_run TEXT COLLATE "C",
 valid_to_run TEXT COLLATE "C",
 row_hash TEXT COLLATE "C"
);
CREATE TABLE history_centra_country (
 country_id TEXT COLLATE "C",
 code TEXT COLLATE "C",
 name TEXT COLLATE "C",
 valid_from_run TEXT COLLATE "C",
 valid_to_run TEXT COLLATE "C",
 row_hash TEXT COLLATE "C"
);
CREATE TABLE history_centra_currency (
 code TEXT COLLATE "C",
 is_base BOOLEAN,
 valid_from_run TEXT COLLATE "C",
 valid_to_run TEXT COLLATE "C",
 row_hash TEXT COLLATE "C"
);
CREATE TABLE history_centra_customer (
 customer_id TEXT COLLATE "C",
 store_id TEXT COLLATE "C",
 status TEXT COLLATE "C",
 email TEXT COLLATE "C",
 email_key TEXT COLLATE "C",
 first_name TEXT COLLATE "C",
 last_name TEXT COLLATE "C",
 is_anonymized BOOLEAN,
 total_orders INTEGER,
 created_at TIMESTAMP WITHOUT TIME ZONE,
 updated_at TIMESTAMP WITHOUT TIME ZONE,
 email_hash TEXT COLLATE "C",
 valid_from_run TEXT COLLATE "C",
 valid_to_run TEXT COLLATE "C",
 row_hash TEXT COLLATE "C"
);
CREATE TABLE history_centra_customer_flag (
 customer_id TEXT COLLATE "C",
 email_key TEXT COLLATE "C",
 receives_newsletters BOOLEAN,
 is_registered BOOLEAN,
 created_at TIMESTAMP WITHOUT TIME ZONE,
 updated_at TIMESTAMP WITHOUT TIME ZONE,
 valid_from_run TEXT COLLATE "C",
 valid_to_run TEXT COLLATE "C",
 row_hash TEXT COLLATE "C"
);
CREATE TABLE history_centra_display (
 display_id TEXT COLLATE "C",
 store_id TEXT COLLATE "C",
 product_id TEXT COLLATE "C",
 name TEXT COLLATE "C",
 status TEXT COLLATE "C",
 uri TEXT COLLATE "C",
 category TEXT COLLATE "C",
 images TEXT COLLATE "C",
 updated_at TIMESTAMP WITHOUT TIME ZONE,
 valid_from_run TEXT COLLATE "C",
 valid_to_run TEXT COLLATE "C",
 row_hash TEXT COLLATE "C"
);
CREATE TABLE history_centra_keyed_consent (
 customer_id TEXT COLLATE "C",
 email_key TEXT COLLATE "C",
 key TEXT COLLATE "C",
 version TEXT COLLATE "C",
 is_given BOOLEAN,
 created_at TIMESTAMP WITHOUT TIME ZONE,
 updated_at TIMESTAMP WITHOUT TIME ZONE,
 valid_from_run TEXT COLLATE "C",
 valid_to_run TEXT COLLATE "C",
 row_hash TEXT COLLATE "C"
);
CREATE TABLE history_centra_market (
 market_id TEXT COLLATE "C",
 name TEXT COLLATE "C",
 valid_from_run TEXT COLLATE "C",
 valid_to_run TEXT COLLATE "C",
 row_hash TEXT COLLATE "C"
);
CREATE TABLE history_centra_order (
 order_number TEXT COLLATE "C",
 order_id TEXT COLLATE "C",
 kind TEXT COLLATE "C",
 status TEXT COLLATE "C",
 store_id TEXT COLLATE "C",
 market_id TEXT COLLATE "C",
 customer_id TEXT COLLATE "C",
 buyer_id TEXT COLLATE "C",
 email_key TEXT COLLATE "C",
 affiliate TEXT COLLATE "C",
 is_internal BOOLEAN,
 is_on_hold BOOLEAN,
 is_waiting_for_payment BOOLEAN,
 currency TEXT COLLATE "C",
 total_minor BIGINT,
 tax_added_minor BIGINT,
 shipping_minor BIGINT,
 created_at TIMESTAMP WITHOUT TIME ZONE,
 updated_at TIMESTAMP WITHOUT TIME ZONE,
 payment_method TEXT COLLATE "C",
 valid_from_run TEXT COLLATE "C",
 valid_to_run TEXT COLLATE "C",
 row_hash TEXT COLLATE "C"
);
INSERT INTO history_centra_order (order_number, status, valid_from_run, row_hash) VALUES ('1', 'PENDING', 'a', 'h1');
CREATE TABLE history_centra_order_attribute (
 order_number TEXT COLLATE "C",
 name TEXT COLLATE "C",
 value TEXT COLLATE "C",
 valid_from_run TEXT COLLATE "C",
 valid_to_run TEXT COLLATE "C",
 row_hash TEXT COLLATE "C"
);
CREATE TABLE history_centra_order_line (
 order_number TEXT COLLATE "C",
 line_id TEXT COLLATE "C",
 kind TEXT COLLATE "C",
 item TEXT COLLATE "C",
 quantity INTEGER,
 cancelled_quantity INTEGER,
 value_minor BIGINT,
 currency TEXT COLLATE "C",
 digits INTEGER,
 base_minor BIGINT,
 tax_percent DOUBLE PRECISION,
 valid_from_run TEXT COLLATE "C",
 valid_to_run TEXT COLLATE "C",
 row_hash TEXT COLLATE "C"
);
INSERT INTO history_centra_order_line (order_number, line_id, item, valid_from_run, row_hash) VALUES ('1', '1', 'PENDING', 'a', 'h1');
CREATE TABLE history_centra_price (
 price_id TEXT COLLATE "C",
 pricelist_id TEXT COLLATE "C",
 product_id TEXT COLLATE "C",
 variant_id TEXT COLLATE "C",
 value_minor BIGINT,
 currency TEXT COLLATE "C",
 valid_from_run TEXT COLLATE "C",
 valid_to_run TEXT COLLATE "C",
 row_hash TEXT COLLATE "C"
);
CREATE TABLE history_centra_pricelist (
 pricelist_id TEXT COLLATE "C",
 store_id TEXT COLLATE "C",
 name TEXT COLLATE "C",
 status TEXT COLLATE "C",
 currency TEXT COLLATE "C",
 valid_from_run TEXT COLLATE "C",
 valid_to_run TEXT COLLATE "C",
 row_hash TEXT COLLATE "C"
);
CREATE TABLE history_centra_product (
 product_id TEXT COLLATE "C",
 number TEXT COLLATE "C",
 name TEXT COLLATE "C",
 status TEXT COLLATE "C",
 is_bundle BOOLEAN,
 brand TEXT COLLATE "C",
 collection TEXT COLLATE "C",
 created_at TIMESTAMP WITHOUT TIME ZONE,
 updated_at TIMESTAMP WITHOUT TIME ZONE,
 valid_from_run TEXT COLLATE "C",
 valid_to_run TEXT COLLATE "C",
 row_hash TEXT COLLATE "C"
);
CREATE TABLE history_centra_return (
 return_id TEXT COLLATE "C",
 order_number TEXT COLLATE "C",
 status TEXT COLLATE "C",
 created_at TIMESTAMP WITHOUT TIME ZONE,
 has_refund BOOLEAN,
 valid_from_run TEXT COLLATE "C",
 valid_to_run TEXT COLLATE "C",
 row_hash TEXT COLLATE "C"
);
CREATE TABLE history_centra_return_line (
 return_id TEXT COLLATE "C",
 line_id TEXT COLLATE "C",
 quantity INTEGER,
 valid_from_run TEXT COLLATE "C",
 valid_to_run TEXT COLLATE "C",
 row_hash TEXT COLLATE "C"
);
CREATE TABLE history_centra_shipment (
 shipment_id TEXT COLLATE "C",
 kind TEXT COLLATE "C",
 number TEXT COLLATE "C",
 order_number TEXT COLLATE "C",
 is_shipped BOOLEAN,
 is_paid BOOLEAN,
 is_captured BOOLEAN,
 shipped_at TIMESTAMP WITHOUT TIME ZONE,
 created_at TIMESTAMP WITHOUT TIME ZONE,
 updated_at TIMESTAMP WITHOUT TIME ZONE,
 valid_from_run TEXT COLLATE "C",
 valid_to_run TEXT COLLATE "C",
 row_hash TEXT COLLATE "C"
);
CREATE TABLE history_centra_shipment_line (
 shipment_id TEXT COLLATE "C",
 line_id TEXT COLLATE "C",
 quantity INTEGER,
 returned_quantity INTEGER,
 valid_from_run TEXT COLLATE "C",
 valid_to_run TEXT COLLATE "C",
 row_hash TEXT COLLATE "C"
);
CREATE TABLE history_centra_size (
 size_id TEXT COLLATE "C",
 variant_id TEXT COLLATE "C",
 sku TEXT COLLATE "C",
 ean TEXT COLLATE "C",
 item TEXT COLLATE "C",
 is_active BOOLEAN,
 updated_at TIMESTAMP WITHOUT TIME ZONE,
 valid_from_run TEXT COLLATE "C",
 valid_to_run TEXT COLLATE "C",
 row_hash TEXT COLLATE "C"
);
CREATE TABLE history_centra_stock (
 size_id TEXT COLLATE "C",
 warehouse_id TEXT COLLATE "C",
 free_to_allocate INTEGER,
 valid_from_run TEXT COLLATE "C",
 valid_to_run TEXT COLLATE "C",
 row_hash TEXT COLLATE "C"
);
CREATE TABLE history_centra_store (
 store_id TEXT COLLATE "C",
 name TEXT COLLATE "C",
 type TEXT COLLATE "C",
 valid_from_run TEXT COLLATE "C",
 valid_to_run TEXT COLLATE "C",
 row_hash TEXT COLLATE "C"
);
CREATE TABLE history_centra_subscription (
 subscription_id TEXT COLLATE "C",
 store_id TEXT COLLATE "C",
 email TEXT COLLATE "C",
 email_key TEXT COLLATE "C",
 is_active BOOLEAN,
 is_product_bound BOOLEAN,
 created_at TIMESTAMP WITHOUT TIME ZONE,
 valid_from_run TEXT COLLATE "C",
 valid_to_run TEXT COLLATE "C",
 row_hash TEXT COLLATE "C"
);
CREATE TABLE history_centra_variant (
 variant_id TEXT COLLATE "C",
 product_id TEXT COLLATE "C",
 number TEXT COLLATE "C",
 name TEXT COLLATE "C",
 status TEXT COLLATE "C",
 stock_offset INTEGER,
 updated_at TIMESTAMP WITHOUT TIME ZONE,
 valid_from_run TEXT COLLATE "C",
 valid_to_run TEXT COLLATE "C",
 row_hash TEXT COLLATE "C"
);
CREATE TABLE history_centra_warehouse (
 warehouse_id TEXT COLLATE "C",
 name TEXT COLLATE "C",
 threshold INTEGER,
 valid_from_run TEXT COLLATE "C",
 valid_to_run TEXT COLLATE "C",
 row_hash TEXT COLLATE "C"
);
CREATE TABLE history_centra_wholesale_store (
 store_id TEXT COLLATE "C",
 valid_from_run TEXT COLLATE "C",
 valid_to_run TEXT COLLATE "C",
 row_hash TEXT COLLATE "C"
);
CREATE TABLE history_emarsys_contact (
 contact_id TEXT COLLATE "C",
 external_id TEXT COLLATE "C",
 email TEXT COLLATE "C",
 email_key TEXT COLLATE "C",
 first_name TEXT COLLATE "C",
 last_name TEXT COLLATE "C",
 opt_in INTEGER,
 source_id TEXT COLLATE "C",
 form_id TEXT COLLATE "C",
 email_hash TEXT COLLATE "C",
 valid_from_run TEXT COLLATE "C",
 valid_to_run TEXT COLLATE "C",
 row_hash TEXT COLLATE "C"
);
CREATE TABLE history_emarsys_event_definition (
 event_type_id TEXT COLLATE "C",
 name TEXT COLLATE "C",
 usages INTEGER,
 valid_from_run TEXT COLLATE "C",
 valid_to_run TEXT COLLATE "C",
 row_hash TEXT COLLATE "C"
);
CREATE TABLE history_emarsys_latest_product (
 item TEXT COLLATE "C",
 group_id TEXT COLLATE "C",
 title TEXT COLLATE "C",
 link TEXT COLLATE "C",
 image TEXT COLLATE "C",
 category TEXT COLLATE "C",
 available BOOLEAN,
 price_minor BIGINT,
 msrp_minor BIGINT,
 currency TEXT COLLATE "C",
 is_paused BOOLEAN,
 changed_at TIMESTAMP WITHOUT TIME ZONE,
 loaded_at TIMESTAMP WITHOUT TIME ZONE,
 valid_from_run TEXT COLLATE "C",
 valid_to_run TEXT COLLATE "C",
 row_hash TEXT COLLATE "C"
);
CREATE TABLE history_emarsys_quarantine (
 contact_id TEXT COLLATE "C",
 valid_from_run TEXT COLLATE "C",
 valid_to_run TEXT COLLATE "C",
 row_hash TEXT COLLATE "C"
);
CREATE TABLE history_emarsys_segment_member (
 segment_id TEXT COLLATE "C",
 contact_id TEXT COLLATE "C",
 valid_from_run TEXT COLLATE "C",
 valid_to_run TEXT COLLATE "C",
 row_hash TEXT COLLATE "C"
);
CREATE TABLE history_emarsys_si_contact (
 si_contact_id TEXT COLLATE "C",
 contact_id TEXT COLLATE "C",
 external_id TEXT COLLATE "C",
 is_generated BOOLEAN,
 valid_from_run TEXT COLLATE "C",
 valid_to_run TEXT COLLATE "C",
 row_hash TEXT COLLATE "C"
);
CREATE TABLE known_schema (
 tenant TEXT COLLATE "C",
 name TEXT COLLATE "C",
 answer TEXT COLLATE "C"
);
CREATE TABLE snapshot_run (
 number BIGINT,
 run TEXT COLLATE "C",
 as_of TIMESTAMP WITHOUT TIME ZONE
);
INSERT INTO snapshot_run (number, run, as_of) VALUES (1, 'a', '2026-10-31 04:30:00');
CREATE TABLE stream_position (
 number BIGINT,
 run TEXT COLLATE "C",
 stream TEXT COLLATE "C",
 mode TEXT COLLATE "C",
 basis TEXT COLLATE "C",
 as_of TIMESTAMP WITHOUT TIME ZONE,
 full_at TIMESTAMP WITHOUT TIME ZONE
);
INSERT INTO stream_position (number, run, stream, mode, basis, as_of, full_at) VALUES (1, 'a', 'centra.orders', 'full', 'of-an-older-auditor', '2026-10-31 04:30:00', '2026-10-31 04:30:00');
CREATE TABLE unfinished_page (
 stream TEXT COLLATE "C",
 number INTEGER,
 cursor TEXT COLLATE "C",
 rows INTEGER,
 aside INTEGER,
 hides INTEGER
);
INSERT INTO unfinished_page (stream, number, rows) VALUES ('centra.orders', 1, 5);
CREATE TABLE unfinished_read (
 stream TEXT COLLATE "C",
 mode TEXT COLLATE "C",
 basis TEXT COLLATE "C",
 as_of TIMESTAMP WITHOUT TIME ZONE,
 changed_since TIMESTAMP WITHOUT TIME ZONE
);
INSERT INTO unfinished_read (stream, mode, basis, as_of) VALUES ('centra.orders', 'full', 'b', '2026-10-31 04:30:00');
CREATE TABLE vanished_record (
 run TEXT COLLATE "C",
 table_name TEXT COLLATE "C",
 record_key TEXT COLLATE "C"
);
CREATE TABLE warehouse_version (
 number INTEGER NOT NULL
);
INSERT INTO warehouse_version (number) VALUES (4);
