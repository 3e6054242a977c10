CREATE VIEW finance.target_values AS
SELECT scheme, target, since, until, value AS line, grade, cite FROM projections.targets;

COMMENT ON VIEW finance.target_values IS '政策目标：各现行政策写明的目标值、起止日期、等级和出处。What the scheme in force of each name says that a year should reach, with the clause';
COMMENT ON COLUMN finance.target_values.scheme IS '政策名称。Name of the scheme';
COMMENT ON COLUMN finance.target_values.target IS '目标：reimbursement 住院实际报销，chronic_reimbursement 慢病门诊实际报销，assistance 医疗救助，cost_growth 医疗总费用增长，disease_cost_growth 定额病种次均费用增长。Which target';
COMMENT ON COLUMN finance.target_values.since IS '起始日。First day on which it holds';
COMMENT ON COLUMN finance.target_values.until IS '截止日（不含）。First day on which it holds no longer; null without end';
COMMENT ON COLUMN finance.target_values.line IS '目标值。The target, a fraction of 1';
COMMENT ON COLUMN finance.target_values.grade IS '依据等级：seed 文件，public 公开，later 后期，assumed 暂定。How well it is known';
COMMENT ON COLUMN finance.target_values.cite IS '出处。The clause';
