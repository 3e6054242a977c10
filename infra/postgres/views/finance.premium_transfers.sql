CREATE VIEW finance.premium_transfers AS
SELECT scheme, region, year, other_fund AS payer, fund, insurer,
       coalesce(sum(amount) FILTER (WHERE line = 'premiums'), 0)::numeric(16,2) AS due,
       coalesce(sum(amount) FILTER (WHERE line = 'premiums_received'), 0)::numeric(16,2) AS transferred,
       coalesce(sum(CASE line WHEN 'premiums' THEN amount ELSE -amount END), 0)::numeric(16,2) AS difference
FROM finance.fund_lines
WHERE line IN ('premiums', 'premiums_received')
GROUP BY scheme, region, year, other_fund, fund, insurer;

COMMENT ON VIEW finance.premium_transfers IS '保费划转：应划、已划和差额，单位元。Premiums due to the funds that insure, what was transferred, and the difference, in yuan';
COMMENT ON COLUMN finance.premium_transfers.scheme IS '政策。Name of the scheme';
COMMENT ON COLUMN finance.premium_transfers.region IS '统筹区代码。Region, GB/T 2260';
COMMENT ON COLUMN finance.premium_transfers.year IS '参保年度。Year of the premium';
COMMENT ON COLUMN finance.premium_transfers.payer IS '出资方。Fund that pays';
COMMENT ON COLUMN finance.premium_transfers.fund IS '收款资金。Fund that insures';
COMMENT ON COLUMN finance.premium_transfers.insurer IS '承保公司，无则为空。Insurer who keeps it; empty where none is named';
COMMENT ON COLUMN finance.premium_transfers.due IS '应划保费（不含退给个人的），元。Due, without what goes to persons, yuan';
COMMENT ON COLUMN finance.premium_transfers.transferred IS '已划，元。Transferred and approved, yuan';
COMMENT ON COLUMN finance.premium_transfers.difference IS '差额：应划减已划，元。Due less transferred, yuan';
