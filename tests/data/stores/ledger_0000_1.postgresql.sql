CREATE TABLE finding (
	fingerprint TEXT NOT NULL, 
	brand TEXT NOT NULL, 
	check_id TEXT NOT NULL, 
	severity TEXT NOT NULL, 
	owner TEXT NOT NULL, 
	state TEXT NOT NULL, 
	subject_kind TEXT NOT NULL, 
	subject_key TEXT NOT NULL, 
	customer_id TEXT, 
	contact_id TEXT, 
	centra TEXT, 
	emarsys TEXT, 
	people INTEGER NOT NULL, 
	money_minor BIGINT, 
	currency TEXT, 
	cause TEXT, 
	remedy TEXT, 
	contained BOOLEAN NOT NULL, 
	occurred_at TIMESTAMP WITHOUT TIME ZONE, 
	first_seen TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
	last_seen TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
	run TEXT NOT NULL, 
	accepted_until TIMESTAMP WITHOUT TIME ZONE, 
	accepted_reason TEXT, 
	PRIMARY KEY (fingerprint)
);
CREATE INDEX ix_finding_brand ON finding (brand);
INSERT INTO finding (fingerprint, brand, check_id, severity, owner, state, subject_kind, subject_key, emarsys, people, money_minor, currency, contained, first_seen, last_seen, run, accepted_reason) VALUES ('660d0b1b3e62957d61215dfb', 'nordlys', 'consent.withdrawn_but_opted_in', 'critical', 'crm', 'open', 'contact', '900', '{"opt_in": 1}', 1, 129900, 'SEK', false, '2026-10-31 04:30:00', '2026-10-31 04:30:00', 'run-0', 'it''s known');
CREATE TABLE observed (
	fingerprint TEXT, 
	brand TEXT, 
	check_id TEXT, 
	severity TEXT, 
	owner TEXT, 
	subject_kind TEXT, 
	subject_key TEXT, 
	customer_id TEXT, 
	contact_id TEXT, 
	centra TEXT, 
	emarsys TEXT, 
	people INTEGER, 
	money_minor BIGINT, 
	currency TEXT, 
	cause TEXT, 
	remedy TEXT, 
	contained BOOLEAN, 
	occurred_at TIMESTAMP WITHOUT TIME ZONE, 
	first_seen TIMESTAMP WITHOUT TIME ZONE, 
	last_seen TIMESTAMP WITHOUT TIME ZONE, 
	run TEXT, 
	accepted_until TIMESTAMP WITHOUT TIME ZONE, 
	accepted_reason TEXT
);
INSERT INTO observed (fingerprint, brand, check_id, severity, owner, subject_kind, subject_key, emarsys, people, money_minor, currency, contained, first_seen, last_seen, run, accepted_reason) VALUES ('660d0b1b3e62957d61215dfb', 'nordlys', 'consent.withdrawn_but_opted_in', 'critical', 'crm', 'contact', '900', '{"opt_in": 1}', 1, 129900, 'SEK', false, '2026-10-31 04:30:00', '2026-10-31 04:30:00', 'run-0', 'it''s known');
CREATE TABLE run (
	run TEXT NOT NULL, 
	brand TEXT NOT NULL, 
	as_of TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
	verdict TEXT, 
	coverage TEXT NOT NULL, 
	total INTEGER, 
	"new" INTEGER, 
	resolved INTEGER, 
	PRIMARY KEY (run)
);
CREATE INDEX ix_run_brand ON run (brand);
INSERT INTO run (run, brand, as_of, verdict, coverage, total, "new", resolved) VALUES ('run-0', 'nordlys', '2026-10-31 04:30:00', 'blocked', '{}', 1, 1, 0);
CREATE TABLE sales_upload (
	brand TEXT NOT NULL, 
	order_number TEXT NOT NULL, 
	item TEXT NOT NULL, 
	cause TEXT NOT NULL, 
	version INTEGER NOT NULL, 
	claim TEXT NOT NULL, 
	quantity_milli BIGINT NOT NULL, 
	amount_minor BIGINT NOT NULL, 
	currency TEXT NOT NULL, 
	digest TEXT NOT NULL, 
	sent_at TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
	state TEXT NOT NULL, 
	decided_at TIMESTAMP WITHOUT TIME ZONE, 
	PRIMARY KEY (brand, order_number, item, cause, version)
);
CREATE INDEX ix_sales_upload_claim ON sales_upload (claim);
INSERT INTO sales_upload (brand, order_number, item, cause, version, claim, quantity_milli, amount_minor, currency, digest, sent_at, state) VALUES ('nordlys', '100017', 'sku-1', 'sale', 1, 'k1', 1000, 129900, 'SEK', 'd2', '2026-10-31 04:30:00', 'verified');
