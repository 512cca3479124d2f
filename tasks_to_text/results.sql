-- results.duckdb: what an evaluation found, for questions of one's own.
-- One writer made it, nobody changes it: open it read-only. The items lie beside it as
-- items.parquet, scores and verdicts as metrics.json and verdicts.json.

-- What one model or baseline said of one example or document.
CREATE TABLE items (
    task           VARCHAR NOT NULL,
    split          VARCHAR NOT NULL,
    model          VARCHAR NOT NULL,   -- a model or a baseline
    example_id     VARCHAR NOT NULL,   -- in examples of prompts.duckdb, or a document
    "group"        VARCHAR NOT NULL,   -- what intervals are clustered by
    template_hash  VARCHAR NOT NULL,   -- version of the wording; '' for documents
    prompt_digest  VARCHAR NOT NULL,   -- of all that was shown
    scores         DOUBLE[] NOT NULL,  -- one per choice, higher is likelier; nats for a model
    predicted      INTEGER NOT NULL,   -- index of the choice under the headline metric; -1: none
    gold           INTEGER NOT NULL,   -- index of the right choice; -1: none
    answer         VARCHAR NOT NULL,   -- what was written, or the choice
    nats           DOUBLE NOT NULL,    -- minus the log-likelihood of a last word or a text
    n_bytes        BIGINT NOT NULL,    -- of a text
    n_words        BIGINT NOT NULL,    -- of a text
    "values"       MAP(VARCHAR, DOUBLE) NOT NULL,  -- metric → value of this item alone
    template       VARCHAR NOT NULL,   -- name of the wording
    shots          BIGINT NOT NULL,    -- solved examples before the prompt
    n_cut          BIGINT NOT NULL,    -- tokens of the context that the model did not see
    PRIMARY KEY (task, split, model, example_id, template, shots)
);

-- A model or baseline, on a task and split, by one metric, with its 95 % interval.
CREATE TABLE scores (
    task        VARCHAR NOT NULL,
    split       VARCHAR NOT NULL,
    model       VARCHAR NOT NULL,
    metric      VARCHAR NOT NULL,
    headline    BOOLEAN NOT NULL,   -- the metric that stands for the task, under its main template
    value       DOUBLE NOT NULL,
    low         DOUBLE NOT NULL,    -- by a bootstrap over groups; the value itself for a constant
    high        DOUBLE NOT NULL,
    n           BIGINT NOT NULL,    -- examples or documents
    n_groups    BIGINT NOT NULL,
    exposure    VARCHAR NOT NULL,   -- in_mixture, sibling, unseen, held_out
    stderr      DOUBLE NOT NULL,    -- standard deviation of the same bootstrap; 0 for a constant
    template    VARCHAR NOT NULL,   -- name of the wording
    shots       BIGINT NOT NULL,    -- solved examples before every prompt
    shots_from  VARCHAR NOT NULL,   -- split that they are from; '' without
    n_cut       BIGINT NOT NULL,    -- items whose context lost its beginning
    n_dropped   BIGINT NOT NULL,    -- examples left out of all rows: they do not fit the context
    PRIMARY KEY (task, split, model, metric, template, shots)
);

-- Whether the model is better on a task than all that needs no model.
CREATE TABLE verdicts (
    task            VARCHAR NOT NULL,
    split           VARCHAR NOT NULL,
    metric          VARCHAR NOT NULL,
    rivals          MAP(VARCHAR, DOUBLE) NOT NULL,  -- baseline → one-sided p-value of "no better"
    p               DOUBLE NOT NULL,   -- the largest of them
    p_holm          DOUBLE NOT NULL,   -- after Holm's correction over the tasks of the split
    beats_all       BOOLEAN NOT NULL,  -- p_holm < 0.05
    plain_p_holm    DOUBLE NOT NULL,   -- the same over chance, majority and choices only; -1: none
    beats_plain     BOOLEAN NOT NULL,  -- 0 <= plain_p_holm < 0.05
    bag_of_words_p  DOUBLE NOT NULL,   -- of "no better than bag of words", uncorrected; -1: no row
    PRIMARY KEY (task, split)
);
