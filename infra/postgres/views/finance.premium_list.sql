-- What goes back to the person is a part of what is subsidised, and no further expense.
CREATE VIEW finance.premium_list AS
SELECT premium.year, premium.region, home.township, home.village, home.household_id, premium.person_id, premium.scheme,
       premium.layer, premium.kind AS premium_kind, premium.payer, premium.category,
       (premium.amount / 100.0)::numeric(16,2) AS amount,
       (coalesce(refund.amount, 0) / 100.0)::numeric(16,2) AS refunded,
       ((premium.amount - coalesce(refund.amount, 0)) / 100.0)::numeric(16,2) AS to_fund
FROM projections.premiums AS premium
LEFT JOIN projections.premiums AS refund
  ON refund.kind = 'refunded' AND premium.kind = 'subsidised' AND refund.person_id = premium.person_id
 AND refund.year = premium.year AND refund.region = premium.region AND refund.scheme = premium.scheme
 AND refund.layer = premium.layer AND refund.payer = premium.payer
LEFT JOIN projections.enrolments AS home ON home.person_id = premium.person_id AND home.year = premium.year
WHERE premium.amount <> 0 AND premium.kind <> 'refunded';

COMMENT ON VIEW finance.premium_list IS '代缴花名册：按乡镇、出资方，谁的保费由谁出多少。Premiums by township and payer, person by person, to hand over';
COMMENT ON COLUMN finance.premium_list.year IS '参保年度。Year of the premium';
COMMENT ON COLUMN finance.premium_list.region IS '统筹区代码。Region';
COMMENT ON COLUMN finance.premium_list.township IS '乡镇。Township, as the enrolment of the year says';
COMMENT ON COLUMN finance.premium_list.village IS '村。Village';
COMMENT ON COLUMN finance.premium_list.household_id IS '户编号。Household';
COMMENT ON COLUMN finance.premium_list.person_id IS '参保人编号。Pseudonymous number of the insured';
COMMENT ON COLUMN finance.premium_list.scheme IS '政策。Name of the scheme';
COMMENT ON COLUMN finance.premium_list.layer IS '保障线。Layer that it insures';
COMMENT ON COLUMN finance.premium_list.premium_kind IS '方式：subsidised 代缴，purchased 购买。Paid for the person, or bought';
COMMENT ON COLUMN finance.premium_list.payer IS '出资方。Who pays';
COMMENT ON COLUMN finance.premium_list.amount IS '金额，元。Amount, yuan';
COMMENT ON COLUMN finance.premium_list.refunded IS '其中退还本人，元。Of it to the person, who had paid, yuan';
COMMENT ON COLUMN finance.premium_list.to_fund IS '应划资金，元。The rest, due to the fund that insures, yuan';
COMMENT ON COLUMN finance.premium_list.category IS '类别。Category for whose sake';
