-- Files by which hospitals reconcile, what they apply for to be cleared, and an index of settlements by the day on which they were taken back.

CREATE INDEX settlements_reversed ON gateway.settlements (fixmedins_code, reversed_at) WHERE reversed_at IS NOT NULL;

CREATE TABLE gateway.statement_files (
    file_qury_no text PRIMARY KEY,
    fixmedins_code text NOT NULL,
    filename text NOT NULL,
    kind text NOT NULL,
    content bytea NOT NULL,
    msgid text NOT NULL,
    opter text NOT NULL,
    at timestamptz NOT NULL,
    CONSTRAINT statement_files_kind_known CHECK ("kind" IN ('uploaded', 'compared'))
);
CREATE INDEX statement_files_at ON gateway.statement_files (at);

COMMENT ON TABLE gateway.statement_files IS 'files of 9101 and 3202, for each hospital its own';
COMMENT ON COLUMN gateway.statement_files.file_qury_no IS '文件查询号, made from the transaction''s number';
COMMENT ON COLUMN gateway.statement_files.kind IS 'uploaded by the hospital, or compared with the books by 3202';
COMMENT ON COLUMN gateway.statement_files.content IS 'the zip file';
COMMENT ON COLUMN gateway.statement_files.msgid IS 'of the transaction that brought or made it';

CREATE TABLE gateway.clearing_applications (
    clr_appy_evt_id text PRIMARY KEY,
    fixmedins_code text NOT NULL,
    clr_optins text NOT NULL,
    clr_type text NOT NULL,
    clr_way text,
    month date NOT NULL,
    begndate date NOT NULL,
    enddate date NOT NULL,
    psntime integer,
    medfee_sumamt bigint NOT NULL,
    med_sumfee bigint NOT NULL,
    fund_appy_sum bigint NOT NULL,
    cash_payamt bigint NOT NULL,
    acct_pay bigint NOT NULL,
    infno text NOT NULL,
    msgid text NOT NULL,
    opter text NOT NULL,
    applied_at timestamptz NOT NULL,
    withdrawn_by text,
    withdrawn_at timestamptz
);
CREATE UNIQUE INDEX clearing_applications_standing
ON gateway.clearing_applications (fixmedins_code, clr_optins, clr_type, month) WHERE withdrawn_at IS NULL;

COMMENT ON TABLE gateway.clearing_applications IS
    'what hospitals apply for to be cleared (3203); a clearing itself is the bureau''s';
COMMENT ON COLUMN gateway.clearing_applications.clr_appy_evt_id IS '机构清算申请事件ID, made from the transaction''s number';
COMMENT ON COLUMN gateway.clearing_applications.clr_optins IS '清算经办机构; empty where none was told';
COMMENT ON COLUMN gateway.clearing_applications.month IS 'setlym, its first day; where none was told that of begndate';
COMMENT ON COLUMN gateway.clearing_applications.psntime IS '人次';
COMMENT ON COLUMN gateway.clearing_applications.medfee_sumamt IS 'fen as stated; so the other amounts';
COMMENT ON COLUMN gateway.clearing_applications.med_sumfee IS '医保认可费用总额';
COMMENT ON COLUMN gateway.clearing_applications.fund_appy_sum IS '基金申报总额';
COMMENT ON COLUMN gateway.clearing_applications.withdrawn_by IS 'opter of 3204';
