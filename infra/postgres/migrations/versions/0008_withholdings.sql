-- Clearings keep back a share of hospitals' money until their score is known. Clearings of before have kept back none.

CREATE TABLE projections.withholdings (
    clearing_id text NOT NULL,
    hospital_id text NOT NULL,
    fund text NOT NULL,
    insurer text NOT NULL,
    region text NOT NULL,
    month date NOT NULL,
    base bigint NOT NULL,
    amount bigint NOT NULL,
    ordered bigint NOT NULL,
    released bigint NOT NULL,
    stands boolean NOT NULL,
    PRIMARY KEY (clearing_id, hospital_id, fund, insurer),
    CONSTRAINT withholdings_not_negative
        CHECK ("base" >= 0 AND "amount" >= 0 AND "ordered" >= 0 AND "released" >= 0)
);
CREATE INDEX withholdings_hospital ON projections.withholdings (region, hospital_id);
COMMENT ON TABLE projections.withholdings IS
    'what clearings keep back of hospitals'' money; none of withdrawn clearings';
COMMENT ON COLUMN projections.withholdings.clearing_id IS 'of which it was kept back';
COMMENT ON COLUMN projections.withholdings.fund IS 'that keeps it';
COMMENT ON COLUMN projections.withholdings.insurer IS 'that keeps the fund; empty where none does';
COMMENT ON COLUMN projections.withholdings.month IS 'of the clearing, its first day';
COMMENT ON COLUMN projections.withholdings.base IS
    'fen that the fund was to transfer, what was prepaid among it';
COMMENT ON COLUMN projections.withholdings.amount IS 'fen kept back';
COMMENT ON COLUMN projections.withholdings.ordered IS 'fen of it in releases, those that wait too';
COMMENT ON COLUMN projections.withholdings.released IS 'fen of it that clearings release, drafted ones too';
COMMENT ON COLUMN projections.withholdings.stands IS 'false while its clearing is a draft';

CREATE TABLE projections.withholding_releases (
    release_id text PRIMARY KEY,
    number bigint NOT NULL,
    region text NOT NULL,
    year smallint NOT NULL,
    status text NOT NULL,
    reason text NOT NULL,
    items jsonb NOT NULL,
    scores jsonb NOT NULL,
    ordered_by text NOT NULL,
    ordered_login text,
    ordered_at timestamptz NOT NULL,
    approved_by text,
    approved_login text,
    clearing_id text,
    withdrawn_by text,
    CONSTRAINT withholding_releases_status_known
        CHECK ("status" IN ('ordered', 'approved', 'cleared', 'withdrawn'))
);
CREATE INDEX withholding_releases_region ON projections.withholding_releases (region, year);
COMMENT ON COLUMN projections.withholding_releases.number IS 'of its order in journal clearing.0';
COMMENT ON COLUMN projections.withholding_releases.region IS 'whose next clearing pays it';
COMMENT ON COLUMN projections.withholding_releases.year IS 'of the clearings that kept it back, and of the scores';
COMMENT ON COLUMN projections.withholding_releases.status IS
    'ordered, approved, cleared (a clearing pays it) or withdrawn';
COMMENT ON COLUMN projections.withholding_releases.items IS '[{clearing_id, hospital_id, fund, insurer, amount}], fen';
COMMENT ON COLUMN projections.withholding_releases.scores IS
    '[{hospital_id, credit_class, total, share, grade, cite}]';
COMMENT ON COLUMN projections.withholding_releases.clearing_id IS 'that pays it, a draft too';

ALTER TABLE projections.clearings
    ADD COLUMN withholding jsonb NOT NULL DEFAULT 'null',
    ADD COLUMN released jsonb NOT NULL DEFAULT '[]';
ALTER TABLE projections.clearings ALTER COLUMN withholding DROP DEFAULT, ALTER COLUMN released DROP DEFAULT;
COMMENT ON COLUMN projections.clearings.withholding IS
    'share, text and what is kept back of hospitals'' money; null: nothing is kept back';
COMMENT ON COLUMN projections.clearings.released IS '[{release_id, hospital_id, fund, insurer, amount}], fen';

ALTER TABLE projections.clearing_payments
    ADD COLUMN withheld bigint NOT NULL DEFAULT 0,
    ADD COLUMN released bigint NOT NULL DEFAULT 0;
ALTER TABLE projections.clearing_payments
    ALTER COLUMN withheld DROP DEFAULT,
    ALTER COLUMN released DROP DEFAULT,
    DROP CONSTRAINT clearing_payments_not_negative,
    ADD CONSTRAINT clearing_payments_not_negative CHECK (
        "set_off" >= 0 AND "amount" >= 0 AND "prepaid" >= 0 AND "withheld" >= 0 AND "released" >= 0
    );
COMMENT ON COLUMN projections.clearing_payments.withheld IS
    'fen of it kept back until the hospital''s score is known';
COMMENT ON COLUMN projections.clearing_payments.released IS
    'fen beside the balance, kept back by earlier clearings';
