-- A database as version 4 of the tables left it, with one session and its run.
CREATE TABLE synqc_components (component TEXT NOT NULL, version INTEGER NOT NULL, PRIMARY KEY (component));
CREATE TABLE sessions (
    session_id TEXT NOT NULL, position BIGINT NOT NULL, created_at TEXT NOT NULL, last_updated_at TEXT NOT NULL,
    status TEXT NOT NULL, status_text TEXT NOT NULL, mode_label TEXT NOT NULL, config TEXT NOT NULL, last_run_id TEXT,
    shot_limit BIGINT NOT NULL, shots_used BIGINT NOT NULL, last_kpis TEXT, carry TEXT, first_line BIGINT NOT NULL,
    owner BIGINT, epoch BIGINT DEFAULT 0 NOT NULL, PRIMARY KEY (session_id)
);
CREATE TABLE runs (
    number INTEGER NOT NULL, run_id TEXT NOT NULL, session_id TEXT NOT NULL, document BLOB NOT NULL,
    details BLOB NOT NULL, PRIMARY KEY (number), UNIQUE (run_id)
);
CREATE TABLE log_lines (
    session_id TEXT NOT NULL, line_number BIGINT NOT NULL, line TEXT NOT NULL, PRIMARY KEY (session_id, line_number)
);
CREATE TABLE telemetry (
    session_id TEXT NOT NULL, slot INTEGER NOT NULL, row_number BIGINT NOT NULL, "row" BLOB NOT NULL,
    PRIMARY KEY (session_id, slot)
);
CREATE TABLE agent_calls (
    number INTEGER NOT NULL, created_at TEXT NOT NULL, session_id TEXT NOT NULL, goal TEXT NOT NULL,
    snapshot_hash TEXT NOT NULL, model TEXT NOT NULL, prompt_tokens INTEGER, completion_tokens INTEGER,
    latency_s FLOAT NOT NULL, outcome TEXT NOT NULL, answer TEXT NOT NULL, changes TEXT NOT NULL, PRIMARY KEY (number)
);
CREATE TABLE sweeps (
    sweep_id TEXT NOT NULL, created_at TEXT NOT NULL, document BLOB NOT NULL, PRIMARY KEY (sweep_id)
);
CREATE TABLE imports (
    source TEXT NOT NULL, imported_at TEXT NOT NULL, unreadable TEXT NOT NULL, PRIMARY KEY (source)
);
CREATE TABLE ownership (
    epoch BIGINT NOT NULL, place INTEGER NOT NULL, owner TEXT, lease_until DATETIME, PRIMARY KEY (epoch), UNIQUE (place)
);
CREATE INDEX runs_of_session ON runs (session_id, number);
CREATE INDEX agent_calls_of_session ON agent_calls (session_id, number);
INSERT INTO synqc_components VALUES ('tds', 4);
PRAGMA application_id = 1400456276;
INSERT INTO sessions VALUES (
    'x1', 1, '2026-01-02T03:04:05.000006', '2026-01-02T03:04:07.000000', 'terminated', 'Idle · last run completed',
    'Sim Local',
    '{"hardware_target":"sim-local","hardware_preset":"ion-chain","drive_envelope":"drag","probe_strength":0.3,'
    || '"probe_duration_ns":120,"adaptive_rule":"kalman","objective":"info-vs-damage","notes":"é",'
    || '"num_iterations_default":5}',
    'x1-20260102T030406Z', 50000, 836,
    '{"fidelity":0.975,"latency_us":1.38,"backaction":0.013,"shots_used":836,"shot_limit":50000,'
    || '"shots_used_fraction":0.01672}',
    '{"made_by": "sim-local ion-chain kalman", "carry": {"device_time_s": 0.25, "controllers": [[1.0, 2e-07]], '
    || '"drift": [[0.5], [-0.125]]}}',
    1, NULL, 0
);
INSERT INTO runs VALUES (1, 'x1-20260102T030406Z', 'x1', CAST('{"run_id":"x1-20260102T030406Z"}' AS BLOB), '{}');
INSERT INTO log_lines VALUES ('x1', 1, '[2026-01-02T03:04:06Z] Run started.');
INSERT INTO log_lines VALUES ('x1', 2, '[2026-01-02T03:04:07Z] Run completed.');
INSERT INTO telemetry VALUES ('x1', 0, 512, CAST('{"fidelity":0.97}' AS BLOB));
