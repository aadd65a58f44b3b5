CREATE TABLE applied_plan (
	brand TEXT COLLATE "C" NOT NULL, 
	digest TEXT COLLATE "C" NOT NULL, 
	run TEXT COLLATE "C" NOT NULL, 
	path TEXT COLLATE "C" NOT NULL, 
	changes INTEGER NOT NULL, 
	begun_at TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
	PRIMARY KEY (brand, digest)
);
INSERT INTO applied_plan (brand, digest, run, path, changes, begun_at) VALUES ('nordlys', 'd1', 'run-0', 'plan.json', 1, '2026-10-31 04:30:00');
CREATE TABLE effect (
	brand TEXT COLLATE "C" NOT NULL, 
	digest TEXT COLLATE "C" NOT NULL, 
	check_id TEXT COLLATE "C" NOT NULL, 
	predicted INTEGER NOT NULL, 
	made INTEGER NOT NULL, 
	resolved INTEGER, 
	contained INTEGER, 
	persisting INTEGER, 
	"new" INTEGER, 
	measured_at TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
	PRIMARY KEY (brand, digest, check_id)
);
INSERT INTO effect (brand, digest, check_id, predicted, made, measured_at) VALUES ('nordlys', 'd1', 'consent.withdrawn_but_opted_in', 1, 1, '2026-10-31 04:30:00');
CREATE TABLE finding (
	fingerprint TEXT COLLATE "C" NOT NULL, 
	brand TEXT COLLATE "C" NOT NULL, 
	check_id TEXT COLLATE "C" NOT NULL, 
	severity TEXT COLLATE "C" NOT NULL, 
	owner TEXT COLLATE "C" NOT NULL, 
	state TEXT COLLATE "C" NOT NULL, 
	subject_kind TEXT COLLATE "C" NOT NULL, 
	subject_key TEXT COLLATE "C" NOT NULL, 
	customer_id TEXT COLLATE "C", 
	contact_id TEXT COLLATE "C", 
	centra TEXT COLLATE "C", 
	emarsys TEXT COLLATE "C", 
	people INTEGER NOT NULL, 
	money_minor BIGINT, 
	currency TEXT COLLATE "C", 
	cause TEXT COLLATE "C", 
	remedy TEXT COLLATE "C", 
	contained BOOLEAN NOT NULL, 
	occurred_at TIMESTAMP WITHOUT TIME ZONE, 
	moved_by TEXT COLLATE "C", 
	since TIMESTAMP WITHOUT TIME ZONE, 
	agreed TEXT COLLATE "C", 
	incident TEXT COLLATE "C", 
	confirmed BOOLEAN, 
	first_seen TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
	last_seen TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
	run TEXT COLLATE "C" NOT NULL, 
	accepted_until TIMESTAMP WITHOUT TIME ZONE, 
	accepted_reason TEXT COLLATE "C", 
	accepted_severity TEXT COLLATE "C", 
	accepted_people INTEGER, 
	accepted_minor BIGINT, 
	PRIMARY KEY (fingerprint)
);
CREATE INDEX ix_finding_brand ON finding (brand);
CREATE INDEX ix_finding_incident ON finding (incident);
INSERT INTO finding (fingerprint, brand, check_id, severity, owner, state, subject_kind, subject_key, emarsys, people, money_minor, currency, contained, first_seen, last_seen, run, accepted_reason) VALUES ('660d0b1b3e62957d61215dfb', 'nordlys', 'consent.withdrawn_but_opted_in', 'critical', 'crm', 'open', 'contact', '900', '{"opt_in": 1}', 1, 129900, 'SEK', false, '2026-10-31 04:30:00', '2026-10-31 04:30:00', 'run-0', 'it''s known');
CREATE TABLE finding_history (
	fingerprint TEXT COLLATE "C" NOT NULL, 
	run TEXT COLLATE "C" NOT NULL, 
	seen_at TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
	state TEXT COLLATE "C" NOT NULL, 
	severity TEXT COLLATE "C", 
	people INTEGER, 
	money_minor BIGINT, 
	currency TEXT COLLATE "C", 
	centra TEXT COLLATE "C", 
	emarsys TEXT COLLATE "C", 
	cause TEXT COLLATE "C"
);
CREATE INDEX ix_finding_history_fingerprint ON finding_history (fingerprint);
INSERT INTO finding_history (fingerprint, run, seen_at, state, severity, people, money_minor, currency, emarsys) VALUES ('660d0b1b3e62957d61215dfb', 'run-0', '2026-10-31 04:30:00', 'open', 'critical', 1, 129900, 'SEK', '{"opt_in": 1}');
CREATE TABLE forgotten (
	brand TEXT COLLATE "C" NOT NULL, 
	email_hash TEXT COLLATE "C" NOT NULL, 
	forgotten_at TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
	PRIMARY KEY (brand, email_hash)
);
CREATE TABLE halt (
	brand TEXT COLLATE "C" NOT NULL, 
	since TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
	reason TEXT COLLATE "C" NOT NULL, 
	PRIMARY KEY (brand)
);
INSERT INTO halt (brand, since, reason) VALUES ('other', '2026-10-31 04:30:00', 'a rehearsal');
CREATE TABLE incident (
	incident TEXT COLLATE "C" NOT NULL, 
	brand TEXT COLLATE "C" NOT NULL, 
	check_id TEXT COLLATE "C" NOT NULL, 
	title TEXT COLLATE "C" NOT NULL, 
	cause TEXT COLLATE "C", 
	owner TEXT COLLATE "C" NOT NULL, 
	severity TEXT COLLATE "C" NOT NULL, 
	findings INTEGER NOT NULL, 
	people INTEGER NOT NULL, 
	money_minor BIGINT, 
	currency TEXT COLLATE "C", 
	first_seen TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
	last_seen TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
	run TEXT COLLATE "C" NOT NULL, 
	PRIMARY KEY (incident)
);
CREATE INDEX ix_incident_brand ON incident (brand);
CREATE TABLE lease (
	brand TEXT COLLATE "C" NOT NULL, 
	holder TEXT COLLATE "C" NOT NULL, 
	token INTEGER NOT NULL, 
	expires_at TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
	PRIMARY KEY (brand)
);
INSERT INTO lease (brand, holder, token, expires_at) VALUES ('nordlys', 'host:1:ab', 7, '2026-10-31 04:30:00');
CREATE TABLE ledger_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT ledger_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO ledger_version (version_num) VALUES ('0001');
CREATE TABLE mail (
	message_id TEXT COLLATE "C" NOT NULL, 
	brand TEXT COLLATE "C" NOT NULL, 
	sent_at TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
	PRIMARY KEY (message_id)
);
INSERT INTO mail (message_id, brand, sent_at) VALUES ('m1', 'nordlys', '2026-10-31 04:30:00');
CREATE TABLE mail_heard (
	brand TEXT COLLATE "C" NOT NULL, 
	readers TEXT COLLATE "C" NOT NULL, 
	at TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
	PRIMARY KEY (brand, readers)
);
CREATE TABLE mail_owed (
	brand TEXT COLLATE "C" NOT NULL, 
	run TEXT COLLATE "C" NOT NULL, 
	PRIMARY KEY (brand, run)
);
CREATE TABLE mail_waiting (
	brand TEXT COLLATE "C" NOT NULL, 
	way TEXT COLLATE "C" NOT NULL, 
	letters INTEGER NOT NULL, 
	reason TEXT COLLATE "C" NOT NULL, 
	PRIMARY KEY (brand, way)
);
CREATE TABLE observed (
	fingerprint TEXT COLLATE "C", 
	brand TEXT COLLATE "C", 
	check_id TEXT COLLATE "C", 
	severity TEXT COLLATE "C", 
	owner TEXT COLLATE "C", 
	subject_kind TEXT COLLATE "C", 
	subject_key TEXT COLLATE "C", 
	customer_id TEXT COLLATE "C", 
	contact_id TEXT COLLATE "C", 
	centra TEXT COLLATE "C", 
	emarsys TEXT COLLATE "C", 
	people INTEGER, 
	money_minor BIGINT, 
	currency TEXT COLLATE "C", 
	cause TEXT COLLATE "C", 
	remedy TEXT COLLATE "C", 
	contained BOOLEAN, 
	occurred_at TIMESTAMP WITHOUT TIME ZONE, 
	moved_by TEXT COLLATE "C", 
	since TIMESTAMP WITHOUT TIME ZONE, 
	agreed TEXT COLLATE "C", 
	incident TEXT COLLATE "C", 
	first_seen TIMESTAMP WITHOUT TIME ZONE, 
	last_seen TIMESTAMP WITHOUT TIME ZONE, 
	run TEXT COLLATE "C"
);
CREATE INDEX ix_observed_fingerprint ON observed (fingerprint);
INSERT INTO observed (fingerprint, brand, check_id, severity, owner, subject_kind, subject_key, emarsys, people, money_minor, currency, contained, first_seen, last_seen, run) VALUES ('660d0b1b3e62957d61215dfb', 'nordlys', 'consent.withdrawn_but_opted_in', 'critical', 'crm', 'contact', '900', '{"opt_in": 1}', 1, 129900, 'SEK', false, '2026-10-31 04:30:00', '2026-10-31 04:30:00', 'run-0');
CREATE TABLE preflight (
	brand TEXT COLLATE "C" NOT NULL, 
	made_at TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
	expires_at TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
	verdict TEXT COLLATE "C" NOT NULL, 
	kind TEXT COLLATE "C" NOT NULL, 
	audience INTEGER NOT NULL, 
	size INTEGER NOT NULL, 
	people INTEGER NOT NULL
);
CREATE INDEX ix_preflight_brand ON preflight (brand);
CREATE TABLE receipt (
	brand TEXT COLLATE "C" NOT NULL, 
	digest TEXT COLLATE "C" NOT NULL, 
	change_id TEXT COLLATE "C" NOT NULL, 
	run TEXT COLLATE "C" NOT NULL, 
	check_id TEXT COLLATE "C" NOT NULL, 
	finding TEXT COLLATE "C" NOT NULL, 
	remedy TEXT COLLATE "C" NOT NULL, 
	state TEXT COLLATE "C" NOT NULL, 
	sent INTEGER NOT NULL, 
	note TEXT COLLATE "C", 
	intended_at TIMESTAMP WITHOUT TIME ZONE, 
	decided_at TIMESTAMP WITHOUT TIME ZONE, 
	PRIMARY KEY (brand, digest, change_id)
);
CREATE INDEX ix_receipt_change ON receipt (brand, change_id);
INSERT INTO receipt (brand, digest, change_id, run, check_id, finding, remedy, state, sent, decided_at) VALUES ('nordlys', 'd1', 'c1', 'run-0', 'consent.withdrawn_but_opted_in', '660d0b1b3e62957d61215dfb', 'consent.opt_out', 'verified', 1, '2026-10-31 04:30:00');
CREATE TABLE run (
	run TEXT COLLATE "C" NOT NULL, 
	brand TEXT COLLATE "C" NOT NULL, 
	as_of TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
	verdict TEXT COLLATE "C", 
	coverage TEXT COLLATE "C" NOT NULL, 
	total INTEGER, 
	"new" INTEGER, 
	resolved INTEGER, 
	open TEXT COLLATE "C", 
	PRIMARY KEY (run)
);
CREATE INDEX ix_run_brand ON run (brand);
INSERT INTO run (run, brand, as_of, verdict, coverage, total, "new", resolved, open) VALUES ('run-0', 'nordlys', '2026-10-31 04:30:00', 'blocked', '{}', 1, 1, 0, '{"critical": 1}');
CREATE TABLE sales_upload (
	brand TEXT COLLATE "C" NOT NULL, 
	order_number TEXT COLLATE "C" NOT NULL, 
	item TEXT COLLATE "C" NOT NULL, 
	cause TEXT COLLATE "C" NOT NULL, 
	version INTEGER NOT NULL, 
	claim TEXT COLLATE "C" NOT NULL, 
	quantity_milli BIGINT NOT NULL, 
	amount_minor BIGINT NOT NULL, 
	currency TEXT COLLATE "C" NOT NULL, 
	digest TEXT COLLATE "C" NOT NULL, 
	sent_at TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
	state TEXT COLLATE "C" NOT NULL, 
	decided_at TIMESTAMP WITHOUT TIME ZONE, 
	PRIMARY KEY (brand, order_number, item, cause, version)
);
CREATE INDEX ix_sales_upload_claim ON sales_upload (claim);
INSERT INTO sales_upload (brand, order_number, item, cause, version, claim, quantity_milli, amount_minor, currency, digest, sent_at, state) VALUES ('nordlys', '100017', 'sku-1', 'sale', 1, 'k1', 1000, 129900, 'SEK', 'd2', '2026-10-31 04:30:00', 'verified');
CREATE TABLE service_work (
	brand TEXT COLLATE "C" NOT NULL, 
	kind TEXT COLLATE "C" NOT NULL, 
	began_at TIMESTAMP WITHOUT TIME ZONE NOT NULL, 
	ended_at TIMESTAMP WITHOUT TIME ZONE, 
	worked_at TIMESTAMP WITHOUT TIME ZONE, 
	said TEXT COLLATE "C", 
	failures INTEGER NOT NULL, 
	PRIMARY KEY (brand, kind)
);
