-- Used: by an admission that stands, on a day and at a hospital that the filing covers. A bill on paper is a stay without an
-- admission, and its hospital need not be registered. A stay at home needs no filing. The CASE: see finance.chronic_cards.
CREATE VIEW finance.referral_register AS
WITH stays AS (
    SELECT admission.person_id, admission.hospital_id, hospital.region, admission.admitted_on
    FROM projections.admissions AS admission
    LEFT JOIN projections.hospitals AS hospital USING (hospital_id)
    WHERE NOT admission.cancelled
    UNION ALL
    SELECT person_id, hospital_id, hospital_region, admitted_on
    FROM projections.claims WHERE admitted_on IS NOT NULL AND standing
), uses AS (
    SELECT filing.region, filing.filing_id, count(*) AS stays, min(stay.admitted_on) AS first_used_on
    FROM projections.referral_filings AS filing
    JOIN stays AS stay USING (person_id)
    WHERE stay.admitted_on >= filing.effective_on AND stay.admitted_on < coalesce(filing.until, 'infinity')
      AND (filing.to_hospital IS NULL OR filing.to_hospital = stay.hospital_id)
      AND (filing.to_region IS NULL OR starts_with(stay.region, regexp_replace(filing.to_region, '(00)+$', '')))
      AND (filing.kind = 'referral'
           OR NOT starts_with(coalesce(stay.region, ''), regexp_replace(filing.region, '(00)+$', '')))
    GROUP BY filing.region, filing.filing_id
)
SELECT filing.region, filing.filing_id, filing.person_id, filing.kind, filing.effective_on, filing.until, filing.to_region,
       filing.to_hospital, filing.reason, coalesce(uses.stays, 0) AS stays, uses.first_used_on,
       CASE WHEN filing.until = filing.effective_on THEN 'cancelled'
            WHEN filing.until <= clock.day THEN 'expired'
            WHEN filing.effective_on > clock.day THEN 'to_come'
            ELSE 'open' END AS state,
       uses.stays IS NOT NULL AS used,
       entry.source,
       CASE WHEN starts_with(entry.type, 'referral.') THEN convert_from(entry.raw, 'UTF8')::json ->> 'actor' END AS actor,
       entry.recorded_at, filing.number
FROM projections.referral_filings AS filing
CROSS JOIN (SELECT (now() AT TIME ZONE 'Asia/Shanghai')::date AS day) AS clock
LEFT JOIN uses USING (region, filing_id)
JOIN ledger.entries AS entry ON entry.journal = 'intake' AND entry.number = filing.number;

COMMENT ON VIEW finance.referral_register IS '异地备案与转诊台账：是否使用、是否过期。What bureaus have filed of treatment elsewhere: whether it was used, and whether it still holds';
COMMENT ON COLUMN finance.referral_register.region IS '备案机构所在统筹区。Region of the bureau that filed it';
COMMENT ON COLUMN finance.referral_register.filing_id IS '备案编号。Number of the filing';
COMMENT ON COLUMN finance.referral_register.person_id IS '参保人编号。Pseudonymous number of the insured';
COMMENT ON COLUMN finance.referral_register.kind IS '种类：away 异地备案，referral 转诊。Kind';
COMMENT ON COLUMN finance.referral_register.effective_on IS '起始日。First day of admission that it covers';
COMMENT ON COLUMN finance.referral_register.until IS '截止日（不含）。First day that it covers no longer';
COMMENT ON COLUMN finance.referral_register.to_region IS '前往地区。Treatment there only';
COMMENT ON COLUMN finance.referral_register.to_hospital IS '前往机构。Treatment there only';
COMMENT ON COLUMN finance.referral_register.reason IS '原因。Why';
COMMENT ON COLUMN finance.referral_register.stays IS '使用次数。Admissions that it covers';
COMMENT ON COLUMN finance.referral_register.first_used_on IS '首次使用日。Day of the first of them';
COMMENT ON COLUMN finance.referral_register.state IS '状态：open 有效，expired 已过期，cancelled 已取消，to_come 未生效。Whether it holds today';
COMMENT ON COLUMN finance.referral_register.used IS '是否使用。Whether an admission used it';
COMMENT ON COLUMN finance.referral_register.source IS '备案机构。Who filed it';
COMMENT ON COLUMN finance.referral_register.actor IS '经办人。Who did it there, where the event says so';
COMMENT ON COLUMN finance.referral_register.recorded_at IS '入账时间。When the ledger took it';
COMMENT ON COLUMN finance.referral_register.number IS '账册序号。Number of the event in journal intake';
