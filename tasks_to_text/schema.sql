-- prompts.duckdb: every labelled dataset as text, and what each text was made from.
-- One writer made it, nobody changes it: open it read-only. The same examples lie beside it as
-- train.parquet, validation.parquet and test.parquet, which is what training and evaluation read.

-- Where the records came from: one row per task and split that its source has.
CREATE TABLE sources (
    task       VARCHAR NOT NULL,   -- in templates
    split      VARCHAR NOT NULL,   -- train, validation, test
    source     VARCHAR NOT NULL,   -- a Hub id, a path, or a product of the pipeline
    licence    VARCHAR NOT NULL,   -- as the source states it; '': not stated
    revision   VARCHAR NOT NULL,   -- commit of a Hub dataset, or 'unverified'; '': a local source
    n_records  BIGINT NOT NULL,    -- raw records that were read
    PRIMARY KEY (task, split)
);

-- How a row of a task reads as text. The hash is that of rendered specimens: another wording is
-- another hash, and every example and every score carries it.
CREATE TABLE templates (
    task           VARCHAR PRIMARY KEY,
    template       VARCHAR NOT NULL,   -- name of the function
    template_hash  VARCHAR NOT NULL,
    description    VARCHAR NOT NULL,   -- what is asked, and where the gold answer comes from
    kind           VARCHAR NOT NULL,   -- classification, summarization …, for people
    protocol       VARCHAR NOT NULL,   -- choice, last_word, generation, text
    headline       VARCHAR NOT NULL,   -- the metric that stands for the task
    unseen         BOOLEAN NOT NULL,   -- never part of a shipped mixture: its score is zero-shot
    closed         BOOLEAN NOT NULL    -- choices are labels of a small set, not free text
);

-- One row per example: the prompt to read, the target to produce.
CREATE TABLE examples (
    task           VARCHAR NOT NULL,   -- in templates
    split          VARCHAR NOT NULL,
    position       INTEGER NOT NULL,   -- within task and split; a seeded shuffle
    example_id     VARCHAR NOT NULL,   -- unique within task and split
    "group"        VARCHAR NOT NULL,   -- what is never split; intervals are clustered by it
    template       VARCHAR NOT NULL,
    template_hash  VARCHAR NOT NULL,
    prompt         VARCHAR NOT NULL,   -- ends without white space
    target         VARCHAR NOT NULL,   -- owns its leading white space
    choices        VARCHAR[] NOT NULL, -- candidate targets; empty for free generation
    gold           INTEGER NOT NULL,   -- index of the right choice, from 0; -1 without choices
    "references"   VARCHAR[] NOT NULL, -- acceptable answers; empty: the target alone
    segments       VARCHAR[] NOT NULL, -- the fields alone, for GPT-1's input transformations
    PRIMARY KEY (task, split, example_id)
);
