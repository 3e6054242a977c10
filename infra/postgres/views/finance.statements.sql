CREATE VIEW finance.statements AS
SELECT claim_id, person_id, hospital_id, region, scheme, year, setting, date, status, revision,
       (CASE status WHEN 'settled' THEN total ELSE 0 END / 100.0)::numeric(16,2) AS total,
       (SELECT (coalesce(sum((layer ->> 1)::bigint), 0) / 100.0)::numeric(16,2)
        FROM jsonb_array_elements(layers) AS layer) AS paid,
       (SELECT jsonb_object_agg(layer ->> 0, ((layer ->> 1)::bigint / 100.0)::numeric(16,2))
        FROM jsonb_array_elements(layers) AS layer) AS layers,
       (patient_share / 100.0)::numeric(16,2) AS patient_share,
       (hospital_share / 100.0)::numeric(16,2) AS hospital_share,
       payee, categories, disease, (total / 100.0)::numeric(16,2) AS billed, poor
FROM projections.statements;

COMMENT ON VIEW finance.statements IS '结算单：每笔费用各保障线的净额，单位元。Net outcome of each claim over all layers, in yuan';
COMMENT ON COLUMN finance.statements.claim_id IS '结算单号。Claim';
COMMENT ON COLUMN finance.statements.person_id IS '参保人编号。Pseudonymous number of the insured';
COMMENT ON COLUMN finance.statements.hospital_id IS '医疗机构编号。Hospital';
COMMENT ON COLUMN finance.statements.region IS '统筹区代码。Region of the person, GB/T 2260';
COMMENT ON COLUMN finance.statements.scheme IS '政策名称。Name of the scheme';
COMMENT ON COLUMN finance.statements.year IS '待遇年度。Benefit year';
COMMENT ON COLUMN finance.statements.setting IS '就医类型。Setting';
COMMENT ON COLUMN finance.statements.date IS '出院或就诊日期。Discharge or service date';
COMMENT ON COLUMN finance.statements.status IS '状态：已结算或已冲正。settled or reversed';
COMMENT ON COLUMN finance.statements.revision IS '版次：1 加净额变动次数。1 plus how often the net figures changed';
COMMENT ON COLUMN finance.statements.total IS '医疗费总额，元；已冲正的为0，各行相加即有效结算单的总额。Total bill, yuan; 0 of a reversed claim, so that the rows sum to what stands';
COMMENT ON COLUMN finance.statements.paid IS '各保障线支付合计，元。Sum of all layers, yuan';
COMMENT ON COLUMN finance.statements.layers IS '各保障线支付，元。Paid by layer, yuan';
COMMENT ON COLUMN finance.statements.patient_share IS '个人负担，元。Patient share, yuan';
COMMENT ON COLUMN finance.statements.hospital_share IS '医院承担，元。Hospital share, yuan';
COMMENT ON COLUMN finance.statements.payee IS '收款方：医院或个人（已垫付）。Who is paid: hospital, or the person who prepaid';
COMMENT ON COLUMN finance.statements.categories IS '当日救助对象类别。Categories held that day';
COMMENT ON COLUMN finance.statements.disease IS '病种代码。Disease code';
COMMENT ON COLUMN finance.statements.billed IS '账单金额，元，冲正后仍保留。The bill as it was sent or last corrected, yuan, of reversed claims too';
COMMENT ON COLUMN finance.statements.poor IS '是否按贫困人口待遇结算。Whether the preferences for the poor held on the claim''s day';
