"""The Open Data views as tables of the BigQuery of the tests, with the types that the reference gives them."""

from __future__ import annotations

ACCOUNT = 123456789

MADE = (
    f"CREATE TABLE si_purchases_{ACCOUNT} (order_id VARCHAR, load_date TIMESTAMPTZ, si_contact_id BIGINT, "
    "si_product_id BIGINT, product_external_id VARCHAR, purchase_date DATE, quantity DECIMAL(38, 9), "
    "sales_amount DECIMAL(38, 9))",
    f"CREATE TABLE si_contacts_{ACCOUNT} (si_contact_id BIGINT, contact_id BIGINT, "
    "contact_external_id VARCHAR, is_generated BOOLEAN)",
    f"CREATE TABLE email_unsubscribes_{ACCOUNT} (contact_id BIGINT, event_time TIMESTAMPTZ, "
    "source VARCHAR, loaded_at TIMESTAMPTZ, partitiontime TIMESTAMPTZ)",
    f"CREATE TABLE external_events_{ACCOUNT} (contact_id BIGINT, event_id VARCHAR, "
    "event_time TIMESTAMPTZ, event_type_id BIGINT, loaded_at TIMESTAMPTZ, partitiontime TIMESTAMPTZ)",
)
