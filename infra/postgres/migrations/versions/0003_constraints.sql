-- Amounts that can't be negative, and states within their list. NOT VALID: they hold for what is written from now on; a row
-- that was damaged before does not stop the upgrade, for `claims verify` names it and `claims rebuild` mends it.

ALTER TABLE projections.accumulations
    ADD CONSTRAINT accumulations_not_negative
        CHECK ("base" >= 0 AND "deductible" >= 0 AND "paid" >= 0 AND "extra" >= 0 AND "claims" >= 0) NOT VALID;

ALTER TABLE projections.advance_receipts
    ADD CONSTRAINT advance_receipts_not_negative CHECK ("amount" >= 0) NOT VALID;

ALTER TABLE projections.advance_repayments
    ADD CONSTRAINT advance_repayments_not_negative CHECK ("amount" >= 0) NOT VALID;

ALTER TABLE projections.advances
    ADD CONSTRAINT advances_not_negative CHECK ("amount" >= 0) NOT VALID;

ALTER TABLE projections.audits
    ADD CONSTRAINT audits_borne_by_known CHECK ("borne_by" IN ('hospital', 'person')) NOT VALID,
    ADD CONSTRAINT audits_not_negative CHECK ("amount" >= 0) NOT VALID;

ALTER TABLE projections.cards
    ADD CONSTRAINT cards_disease_class_known CHECK ("disease_class" IN ('I', 'II')) NOT VALID;

ALTER TABLE projections.claims
    ADD CONSTRAINT claims_card_class_known CHECK ("card_class" IN ('I', 'II')) NOT VALID,
    ADD CONSTRAINT claims_not_negative
        CHECK ("total" >= 0 AND "in_scope" >= 0 AND "upfront_copay" >= 0 AND "over_limit" >= 0 AND "self_funded" >= 0) NOT VALID,
    ADD CONSTRAINT claims_tier_known CHECK ("tier" IN (0, 1, 2, 3)) NOT VALID;

ALTER TABLE projections.clearing_lines
    ADD CONSTRAINT clearing_lines_payee_kind_known CHECK ("payee_kind" IN ('hospital', 'person', 'emergency_fund')) NOT VALID;

ALTER TABLE projections.clearing_parts
    ADD CONSTRAINT clearing_parts_kind_known CHECK ("kind" IN ('settled', 'adjusted', 'audit')) NOT VALID,
    ADD CONSTRAINT clearing_parts_payee_kind_known CHECK ("payee_kind" IN ('hospital', 'person')) NOT VALID;

ALTER TABLE projections.clearing_payments
    ADD CONSTRAINT clearing_payments_not_negative CHECK ("set_off" >= 0 AND "amount" >= 0) NOT VALID,
    ADD CONSTRAINT clearing_payments_payee_kind_known
        CHECK ("payee_kind" IN ('hospital', 'person', 'emergency_fund')) NOT VALID,
    ADD CONSTRAINT clearing_payments_status_known CHECK ("status" IN ('none', 'due', 'paid', 'returned')) NOT VALID;

ALTER TABLE projections.clearings
    ADD CONSTRAINT clearings_status_known CHECK ("status" IN ('drafted', 'approved', 'paid', 'withdrawn')) NOT VALID;

ALTER TABLE projections.counted_claims
    ADD CONSTRAINT counted_claims_not_negative
        CHECK ("total" >= 0 AND "audited" >= 0 AND "self_funded" >= 0 AND "paid" >= 0 AND "patient_share" >= 0 AND "hospital_share" >= 0) NOT VALID;

ALTER TABLE projections.enrolments
    ADD CONSTRAINT enrolments_not_negative CHECK ("self_paid" >= 0) NOT VALID;

ALTER TABLE projections.fines
    ADD CONSTRAINT fines_not_negative CHECK ("amount" >= 0) NOT VALID;

ALTER TABLE projections.grants
    ADD CONSTRAINT grants_grant_known CHECK ("grant" IN ('annual', 'one_off')) NOT VALID,
    ADD CONSTRAINT grants_not_negative CHECK ("amount" >= 0) NOT VALID;

ALTER TABLE projections.hospitals
    ADD CONSTRAINT hospitals_tier_known CHECK ("tier" IN (0, 1, 2, 3)) NOT VALID;

ALTER TABLE projections.premiums
    ADD CONSTRAINT premiums_kind_known CHECK ("kind" IN ('subsidised', 'purchased', 'refunded')) NOT VALID,
    ADD CONSTRAINT premiums_not_negative CHECK ("amount" >= 0) NOT VALID;

ALTER TABLE projections.receivables
    ADD CONSTRAINT receivables_not_negative CHECK ("amount" >= 0 AND "settled" >= 0 AND "set_off" >= 0) NOT VALID,
    ADD CONSTRAINT receivables_payee_kind_known CHECK ("payee_kind" IN ('hospital', 'person', 'emergency_fund')) NOT VALID;

ALTER TABLE projections.roster_years
    ADD CONSTRAINT roster_years_not_negative CHECK ("rostered" >= 0 AND "enrolled" >= 0) NOT VALID;

ALTER TABLE projections.statements
    ADD CONSTRAINT statements_not_negative
        CHECK ("total" >= 0 AND "patient_share" >= 0 AND "hospital_share" >= 0 AND "audited_person" >= 0) NOT VALID,
    ADD CONSTRAINT statements_payee_known CHECK ("payee" IN ('hospital', 'person')) NOT VALID,
    ADD CONSTRAINT statements_status_known CHECK ("status" IN ('settled', 'reversed')) NOT VALID;

-- 0002 gave the hospitals that were there an empty list; who registers one says it.
ALTER TABLE projections.hospitals ALTER COLUMN suspended DROP DEFAULT;
