-- prompts.duckdb: every labelled dataset as text, and what each text was made from.
-- One writer made it, nobody changes it: open it read-only. The same prompts lie beside it as
-- train.parquet, validation.parquet and test.parquet, which is what training and evaluation read.
--
--     tasks ──┬── sources     one row per task and split
--             ├── templates   one row per task and wording
--             └── examples    one row per labelled row
--                   └── prompts   one row per labelled row and wording

-- What is asked.
CREATE TABLE tasks (
    task         VARCHAR PRIMARY KEY,
    description  VARCHAR NOT NULL,   -- what is asked, and where the gold answer comes from
    kind         VARCHAR NOT NULL,   -- classification, summarization …, for people
    protocol     VARCHAR NOT NULL,   -- choice, last_word, generation, text
    headline     VARCHAR NOT NULL,   -- the metric that stands for the task
    unseen       BOOLEAN NOT NULL,   -- never part of a shipped mixture: its score is zero-shot
    closed       BOOLEAN NOT NULL    -- choices are labels of a small set, not free text
);

-- Where the records came from: one row per task and split that its source has.
CREATE TABLE sources (
    task       VARCHAR NOT NULL,   -- in tasks
    split      VARCHAR NOT NULL,   -- train, validation, test
    source     VARCHAR NOT NULL,   -- a Hub id, a path, or a product of the pipeline
    licence    VARCHAR NOT NULL,   -- as the source states it; '': not stated
    revision   VARCHAR NOT NULL,   -- commit of a Hub dataset, or 'unverified'; '': a local source
    n_records  BIGINT NOT NULL,    -- raw records that were read
    PRIMARY KEY (task, split)
);

-- How a row of a task reads as text. The hash is that of rendered specimens: another wording is
-- another hash, and every prompt and every score carries it.
CREATE TABLE templates (
    task           VARCHAR NOT NULL,   -- in tasks
    template       VARCHAR NOT NULL,   -- main, lm_eval, or the name that the task gives it
    template_hash  VARCHAR NOT NULL,
    main           BOOLEAN NOT NULL,   -- the wording that stands for the task
    lm_eval        BOOLEAN NOT NULL,   -- as lm-evaluation-harness words it; never trained on
    specimen       VARCHAR NOT NULL,   -- a prompt with its target, made of a fixed row
    PRIMARY KEY (task, template)
);

-- One row per labelled row, as its main wording reads it. Unique by task, split and example_id, and by
-- task, split and position; no index says so, because an index of a million rows takes longer to
-- make than the rows.
CREATE TABLE examples (
    task          VARCHAR NOT NULL,   -- in tasks
    split         VARCHAR NOT NULL,
    position      INTEGER NOT NULL,   -- ascends within task and split; a seeded shuffle
    example_id    VARCHAR NOT NULL,
    "group"       VARCHAR NOT NULL,   -- what is never split; intervals are clustered by it
    gold          INTEGER NOT NULL,   -- index of the right choice in main, from 0; -1: no choices
    "references"  VARCHAR[] NOT NULL, -- acceptable answers; empty: the target alone
    segments      VARCHAR[] NOT NULL  -- the fields alone, for GPT-1's input transformations
);

-- An example in one wording: the prompt to read, the target to produce. Unique by task, split,
-- example_id and template. A wording that cannot word an example has no row here.
CREATE TABLE prompts (
    task           VARCHAR NOT NULL,
    split          VARCHAR NOT NULL,
    example_id     VARCHAR NOT NULL,   -- in examples
    template       VARCHAR NOT NULL,   -- in templates
    template_hash  VARCHAR NOT NULL,
    prompt         VARCHAR NOT NULL,   -- ends without white space
    target         VARCHAR NOT NULL,   -- owns its leading white space
    choices        VARCHAR[] NOT NULL, -- candidate targets; empty for free generation
    gold           INTEGER NOT NULL,   -- of these choices; a wording may have another order
    contexts       VARCHAR[] NOT NULL  -- one prompt per choice where only the target is scored
);
