CREATE VIEW finance.leads AS
SELECT lead_id, rule, version, severity, state, shown, region, hospital_id, person_id, year, claims, dates,
       (at_risk_total / 100.0)::numeric(16,2) AS at_risk, (outlier / 1000.0)::numeric(12,3) AS outlier,
       (outlier / 1000.0 * at_risk_total / 100.0)::numeric(18,2) AS rank,
       at_risk AS at_risk_by_layer, evidence, found_at, changed_at, actor, reason, case_id
FROM projections.leads;

COMMENT ON VIEW finance.leads IS '监管疑点：规则查得的线索及经办情况；疑点不是结论。What rules of supervision found, and what offices did of it: leads, no verdicts';
COMMENT ON COLUMN finance.leads.lead_id IS '疑点编号。Lead';
COMMENT ON COLUMN finance.leads.rule IS '规则代码，如 split_stay 分解住院。Rule';
COMMENT ON COLUMN finance.leads.version IS '规则参数版次。Version of the rule''s values';
COMMENT ON COLUMN finance.leads.severity IS '程度：hint 提示，suspicious 可疑，violation 违规。Severity';
COMMENT ON COLUMN finance.leads.state IS '状态：open 待处理，dismissed 已排除，in_case 已立案，confirmed 已查实，withdrawn 已撤销。State';
COMMENT ON COLUMN finance.leads.shown IS '现有事实是否仍显示此疑点。Whether the facts still show it';
COMMENT ON COLUMN finance.leads.region IS '统筹区代码。Region, GB/T 2260';
COMMENT ON COLUMN finance.leads.hospital_id IS '医疗机构编号。Hospital';
COMMENT ON COLUMN finance.leads.person_id IS '参保人编号。Pseudonymous number of the insured';
COMMENT ON COLUMN finance.leads.year IS '待遇年度：与同类比较的疑点所属年度，针对个人的为空。Benefit year of a lead that compares with peers; null of one on a person alone';
COMMENT ON COLUMN finance.leads.claims IS '涉及的结算单，至多 500 张。Claims that it is about, 500 at most';
COMMENT ON COLUMN finance.leads.dates IS '涉及的日期。Days that it is about';
COMMENT ON COLUMN finance.leads.at_risk IS '基金风险金额合计，元。Fund money at risk, yuan';
COMMENT ON COLUMN finance.leads.outlier IS '突出程度。How far it stands out';
COMMENT ON COLUMN finance.leads.rank IS '排序值：突出程度乘基金风险金额。Outlier × money at risk, by which leads are ordered';
COMMENT ON COLUMN finance.leads.at_risk_by_layer IS '各保障线的基金风险金额，分。By layer, in fen';
COMMENT ON COLUMN finance.leads.evidence IS '证据：依据、参数、单据、事实、同类、例外、未能核实的。Evidence: law, parameters, claims, facts, peers, exceptions, what could not be checked';
COMMENT ON COLUMN finance.leads.found_at IS '查得时间。When it was found';
COMMENT ON COLUMN finance.leads.changed_at IS '最后变动时间。When it last changed';
COMMENT ON COLUMN finance.leads.actor IS '经办人。Who brought it into its state, where an office did';
COMMENT ON COLUMN finance.leads.reason IS '理由。Reason';
COMMENT ON COLUMN finance.leads.case_id IS '案件编号。Case';
