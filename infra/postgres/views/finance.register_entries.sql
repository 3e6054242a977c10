-- Of entries of one register, person and disease the last says what is due: a check-up that was followed by another is not
-- overdue. Nothing is due to the dead.
CREATE VIEW finance.register_entries AS
SELECT entry.register, entry.entry_id, entry.region, home.township, home.household_id, entry.person_id, entry.disease,
       entry.held_on, entry.until, followed.due_on,
       CASE WHEN entry.status <> 'standing' THEN entry.status
            WHEN entry.until <= clock.day OR home.died_on < clock.day THEN 'ended'
            WHEN followed.due_on < clock.day THEN 'overdue'
            ELSE 'standing' END AS state,
       entry.hospital_id, entry.doctor, entry.finding, entry.document, entry.entered_by, entry.entered_at, entry.ended_by,
       entry.reason
FROM projections.register_entries AS entry
CROSS JOIN (SELECT (now() AT TIME ZONE 'Asia/Shanghai')::date AS day) AS clock
LEFT JOIN LATERAL (
    SELECT township, household_id, died_on FROM projections.enrolments
    WHERE enrolments.person_id = entry.person_id ORDER BY year DESC LIMIT 1
) AS home ON true
CROSS JOIN LATERAL (
    SELECT CASE WHEN NOT EXISTS (
        SELECT FROM projections.register_entries AS later
        WHERE later.register = entry.register AND later.person_id = entry.person_id AND later.status <> 'withdrawn'
          AND later.disease IS NOT DISTINCT FROM entry.disease
          AND (later.held_on, later.entered_at, later.entry_id) > (entry.held_on, entry.entered_at, entry.entry_id)
    ) AND home.died_on IS NULL THEN entry.due_on END AS due_on
) AS followed;

COMMENT ON VIEW finance.register_entries IS '服务台账：家庭医生签约、年度体检、结核病、十种大病、因病致贫。Registers of persons'' care that offices keep; no money hangs on them';
COMMENT ON COLUMN finance.register_entries.register IS '台账：contracts 家庭医生签约，checkups 年度体检，tuberculosis 结核病免费治疗，ten_diseases 十种大病免费救治，poverty_causes 因病致贫病因。Which register';
COMMENT ON COLUMN finance.register_entries.entry_id IS '登记编号。Number of the entry';
COMMENT ON COLUMN finance.register_entries.region IS '统筹区代码。Region';
COMMENT ON COLUMN finance.register_entries.township IS '乡镇（最近参保）。Township of the last enrolment';
COMMENT ON COLUMN finance.register_entries.household_id IS '户编号（最近参保）。Household of the last enrolment';
COMMENT ON COLUMN finance.register_entries.person_id IS '参保人编号。Pseudonymous number of the insured';
COMMENT ON COLUMN finance.register_entries.disease IS '病种代码。Disease';
COMMENT ON COLUMN finance.register_entries.held_on IS '日期：签约、体检、开始治疗、核实。Day signed, examined, begun or established';
COMMENT ON COLUMN finance.register_entries.until IS '截止日（不含）。First day that it holds no longer';
COMMENT ON COLUMN finance.register_entries.due_on IS '下次应办日；已有后一次登记或本人已故的为空。When the next step is due; null once a later entry followed, or the person died';
COMMENT ON COLUMN finance.register_entries.state IS '状态：standing 有效，overdue 逾期，ended 已终止，withdrawn 已撤回。Whether it holds today';
COMMENT ON COLUMN finance.register_entries.hospital_id IS '机构编号。Hospital';
COMMENT ON COLUMN finance.register_entries.doctor IS '医生或团队。Doctor or team';
COMMENT ON COLUMN finance.register_entries.finding IS '结果、药品或需求。What was found, is given or is needed';
COMMENT ON COLUMN finance.register_entries.document IS '单据号。Number of the paper';
COMMENT ON COLUMN finance.register_entries.entered_by IS '登记人。Who entered it';
COMMENT ON COLUMN finance.register_entries.entered_at IS '登记时间。When it was entered';
COMMENT ON COLUMN finance.register_entries.ended_by IS '终止或撤回人。Who ended or withdrew it';
COMMENT ON COLUMN finance.register_entries.reason IS '原因。Why it was ended or withdrawn';
