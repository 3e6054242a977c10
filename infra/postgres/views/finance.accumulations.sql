CREATE VIEW finance.accumulations AS
SELECT person_id, year, scheme, layer, track,
       (base / 100.0)::numeric(16,2) AS base, (deductible / 100.0)::numeric(16,2) AS deductible,
       (paid / 100.0)::numeric(16,2) AS paid, (extra / 100.0)::numeric(16,2) AS extra, claims
FROM projections.accumulations WHERE claims > 0;

COMMENT ON VIEW finance.accumulations IS '年度累计：每人每年每条保障线的累计，单位元。Annual accumulations per person, year and layer, in yuan';
COMMENT ON COLUMN finance.accumulations.person_id IS '参保人编号。Pseudonymous number of the insured';
COMMENT ON COLUMN finance.accumulations.year IS '待遇年度（自然年）。Benefit year, a calendar year';
COMMENT ON COLUMN finance.accumulations.scheme IS '政策名称。Name of the scheme';
COMMENT ON COLUMN finance.accumulations.layer IS '保障线。Layer';
COMMENT ON COLUMN finance.accumulations.track IS '分项（封顶线各自计算的待遇类型）。Part of the layer whose cap counts on its own';
COMMENT ON COLUMN finance.accumulations.base IS '累计基数，元。What the layer''s rule counted over the year, yuan';
COMMENT ON COLUMN finance.accumulations.deductible IS '累计起付线，元（仅基本医保）。Deductibles borne, yuan; of basic only';
COMMENT ON COLUMN finance.accumulations.paid IS '累计支付，元。What the layer paid, yuan';
COMMENT ON COLUMN finance.accumulations.extra IS '其中：超封顶补偿或目录外救助，元。Of paid: over-cap or out-of-catalog part, yuan';
COMMENT ON COLUMN finance.accumulations.claims IS '结算人次。Standing claims on which the layer ran';
