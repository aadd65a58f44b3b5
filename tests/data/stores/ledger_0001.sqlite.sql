CREATE TABLE applied_plan (
	brand TEXT NOT NULL, 
	digest TEXT NOT NULL, 
	run TEXT NOT NULL, 
	path TEXT NOT NULL, 
	changes INTEGER NOT NULL, 
	begun_at DATETIME NOT NULL, 
	PRIMARY KEY (brand, digest)
);
INSERT INTO applied_plan (brand, digest, run, path, changes, begun_at) VALUES ('nordlys', 'd1', 'run-0', 'plan.json', 1, '2026-10-31 04:30:00.000000');
CREATE TABLE effect (
	brand TEXT NOT NULL, 
	digest TEXT NOT NULL, 
	check_id TEXT NOT NULL, 
	predicted INTEGER NOT NULL, 
	made INTEGER NOT NULL, 
	resolved INTEGER, 
	contained INTEGER, 
	persisting INTEGER, 
	new INTEGER, 
	measured_at DATETIME NOT NULL, 
	PRIMARY KEY (brand, digest, check_id)
);
INSERT INTO effect (brand, digest, check_id, predicted, made, measured_at) VALUES ('nordlys', 'd1', 'consent.withdrawn_but_opted_in', 1, 1, '2026-10-31 04:30:00.000000');
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
	occurred_at DATETIME, 
	moved_by TEXT, 
	since DATETIME, 
	agreed TEXT, 
	incident TEXT, 
	confirmed BOOLEAN, 
	first_seen DATETIME NOT NULL, 
	last_seen DATETIME NOT NULL, 
	run TEXT NOT NULL, 
	accepted_until DATETIME, 
	accepted_reason TEXT, 
	accepted_severity TEXT, 
	accepted_people INTEGER, 
	accepted_minor BIGINT, 
	PRIMARY KEY (fingerprint)
);
CREATE INDEX ix_finding_brand ON finding (brand);
CREATE INDEX ix_finding_incident ON finding (incident);
INSERT INTO finding (fingerprint, brand, check_id, severity, owner, state, subject_kind, subject_key, emarsys, people, money_minor, currency, contained, first_seen, last_seen, run, accepted_reason) VALUES ('660d0b1b3e62957d61215dfb', 'nordlys', 'consent.withdrawn_but_opted_in', 'critical', 'crm', 'open', 'contact', '900', '{"opt_in": 1}', 1, 129900, 'SEK', 0, '2026-10-31 04:30:00.000000', '2026-10-31 04:30:00.000000', 'run-0', 'it''s known');
CREATE TABLE finding_history (
	fingerprint TEXT NOT NULL, 
	run TEXT NOT NULL, 
	seen_at DATETIME NOT NULL, 
	state TEXT NOT NULL, 
	severity TEXT, 
	people INTEGER, 
	money_minor BIGINT, 
	currency TEXT, 
	centra TEXT, 
	emarsys TEXT, 
	cause TEXT
);
CREATE INDEX ix_finding_history_fingerprint ON finding_history (fingerprint);
INSERT INTO finding_history (fingerprint, run, seen_at, state, severity, people, money_minor, currency, emarsys) VALUES ('660d0b1b3e62957d61215dfb', 'run-0', '2026-10-31 04:30:00.000000', 'open', 'critical', 1, 129900, 'SEK', '{"opt_in": 1}');
CREATE TABLE forgotten (
	brand TEXT NOT NULL, 
	email_hash TEXT NOT NULL, 
	forgotten_at DATETIME NOT NULL, 
	PRIMARY KEY (brand, email_hash)
);
CREATE TABLE halt (
	brand TEXT NOT NULL, 
	since DATETIME NOT NULL, 
	reason TEXT NOT NULL, 
	PRIMARY KEY (brand)
);
INSERT INTO halt (brand, since, reason) VALUES ('other', '2026-10-31 04:30:00.000000', 'a rehearsal');
CREATE TABLE incident (
	incident TEXT NOT NULL, 
	brand TEXT NOT NULL, 
	check_id TEXT NOT NULL, 
	title TEXT NOT NULL, 
	cause TEXT, 
	owner TEXT NOT NULL, 
	severity TEXT NOT NULL, 
	findings INTEGER NOT NULL, 
	people INTEGER NOT NULL, 
	money_minor BIGINT, 
	currency TEXT, 
	first_seen DATETIME NOT NULL, 
	last_seen DATETIME NOT NULL, 
	run TEXT NOT NULL, 
	PRIMARY KEY (incident)
);
CREATE INDEX ix_incident_brand ON incident (brand);
CREATE TABLE lease (
	brand TEXT NOT NULL, 
	holder TEXT NOT NULL, 
	token INTEGER NOT NULL, 
	expires_at DATETIME NOT NULL, 
	PRIMARY KEY (brand)
);
INSERT INTO lease (brand, holder, token, expires_at) VALUES ('nordlys', 'host:1:ab', 7, '2026-10-31 04:30:00.000000');
CREATE TABLE ledger_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT ledger_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO ledger_version (version_num) VALUES ('0001');
CREATE TABLE mail (
	message_id TEXT NOT NULL, 
	brand TEXT NOT NULL, 
	sent_at DATETIME NOT NULL, 
	PRIMARY KEY (message_id)
);
INSERT INTO mail (message_id, brand, sent_at) VALUES ('m1', 'nordlys', '2026-10-31 04:30:00.000000');
CREATE TABLE mail_heard (
	brand TEXT NOT NULL, 
	readers TEXT NOT NULL, 
	at DATETIME NOT NULL, 
	PRIMARY KEY (brand, readers)
);
CREATE TABLE mail_owed (
	brand TEXT NOT NULL, 
	run TEXT NOT NULL, 
	PRIMARY KEY (brand, run)
);
CREATE TABLE mail_waiting (
	brand TEXT NOT NULL, 
	way TEXT NOT NULL, 
	letters INTEGER NOT NULL, 
	reason TEXT NOT NULL, 
	PRIMARY KEY (brand, way)
);
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
	occurred_at DATETIME, 
	moved_by TEXT, 
	since DATETIME, 
	agreed TEXT, 
	incident TEXT, 
	first_seen DATETIME, 
	last_seen DATETIME, 
	run TEXT
);
CREATE INDEX ix_observed_fingerprint ON observed (fingerprint);
INSERT INTO observed (fingerprint, brand, check_id, severity, owner, subject_kind, subject_key, emarsys, people, money_minor, currency, contained, first_seen, last_seen, run) VALUES ('660d0b1b3e62957d61215dfb', 'nordlys', 'consent.withdrawn_but_opted_in', 'critical', 'crm', 'contact', '900', '{"opt_in": 1}', 1, 129900, 'SEK', 0, '2026-10-31 04:30:00.000000', '2026-10-31 04:30:00.000000', 'run-0');
CREATE TABLE preflight (
	brand TEXT NOT NULL, 
	made_at DATETIME NOT NULL, 
	expires_at DATETIME NOT NULL, 
	verdict TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	audience INTEGER NOT NULL, 
	size INTEGER NOT NULL, 
	people INTEGER NOT NULL
);
CREATE INDEX ix_preflight_brand ON preflight (brand);
CREATE TABLE receipt (
	brand TEXT NOT NULL, 
	digest TEXT NOT NULL, 
	change_id TEXT NOT NULL, 
	run TEXT NOT NULL, 
	check_id TEXT NOT NULL, 
	finding TEXT NOT NULL, 
	remedy TEXT NOT NULL, 
	state TEXT NOT NULL, 
	sent INTEGER NOT NULL, 
	note TEXT, 
	intended_at DATETIME, 
	decided_at DATETIME, 
	PRIMARY KEY (brand, digest, change_id)
);
CREATE INDEX ix_receipt_change ON receipt (brand, change_id);
INSERT INTO receipt (brand, digest, change_id, run, check_id, finding, remedy, state, sent, decided_at) VALUES ('nordlys', 'd1', 'c1', 'run-0', 'consent.withdrawn_but_opted_in', '660d0b1b3e62957d61215dfb', 'consent.opt_out', 'verified', 1, '2026-10-31 04:30:00.000000');
CREATE TABLE run (
	run TEXT NOT NULL, 
	brand TEXT NOT NULL, 
	as_of DATETIME NOT NULL, 
	verdict TEXT, 
	coverage TEXT NOT NULL, 
	total INTEGER, 
	new INTEGER, 
	resolved INTEGER, 
	open TEXT, 
	PRIMARY KEY (run)
);
CREATE INDEX ix_run_brand ON run (brand);
INSERT INTO run (run, brand, as_of, verdict, coverage, total, new, resolved, open) VALUES ('run-0', 'nordlys', '2026-10-31 04:30:00.000000', 'blocked', '{}', 1, 1, 0, '{"critical": 1}');
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
	sent_at DATETIME NOT NULL, 
	state TEXT NOT NULL, 
	decided_at DATETIME, 
	PRIMARY KEY (brand, order_number, item, cause, version)
);
CREATE INDEX ix_sales_upload_claim ON sales_upload (claim);
INSERT INTO sales_upload (brand, order_number, item, cause, version, claim, quantity_milli, amount_minor, currency, digest, sent_at, state) VALUES ('nordlys', '100017', 'sku-1', 'sale', 1, 'k1', 1000, 129900, 'SEK', 'd2', '2026-10-31 04:30:00.000000', 'verified');
CREATE TABLE service_work (
	brand TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	began_at DATETIME NOT NULL, 
	ended_at DATETIME, 
	worked_at DATETIME, 
	said TEXT, 
	failures INTEGER NOT NULL, 
	PRIMARY KEY (brand, kind)
);
