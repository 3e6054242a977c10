CREATE TABLE projections.targets (
    scheme text NOT NULL,
    target text NOT NULL,
    since date NOT NULL,
    until date,
    value numeric NOT NULL,
    grade text NOT NULL,
    cite text NOT NULL,
    PRIMARY KEY (scheme, target, since),
    CONSTRAINT targets_target_known
        CHECK (target IN ('reimbursement', 'chronic_reimbursement', 'assistance', 'cost_growth')),
    CONSTRAINT targets_grade_known CHECK (grade IN ('seed', 'public', 'later', 'assumed')),
    CONSTRAINT targets_value_is_share CHECK (value BETWEEN 0 AND 1)
);
COMMENT ON TABLE projections.targets IS 'what the text in force of each scheme says that a year should reach';
COMMENT ON COLUMN projections.targets.scheme IS 'name';
COMMENT ON COLUMN projections.targets.since IS 'first day on which it holds';
COMMENT ON COLUMN projections.targets.until IS 'first day on which it holds no longer';
COMMENT ON COLUMN projections.targets.value IS 'fraction of 1';
COMMENT ON COLUMN projections.targets.grade IS 'how well it is known';
COMMENT ON COLUMN projections.targets.cite IS 'the clause';
