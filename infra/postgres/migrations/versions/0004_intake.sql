-- What a refusal says in Chinese, beside the English. Refusals of before have none: the reason's name stands for it.

ALTER TABLE projections.refusals ADD COLUMN detail_zh TEXT;
COMMENT ON COLUMN projections.refusals.detail_zh IS 'the same in Chinese; older refusals have none';
