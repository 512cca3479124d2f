-- catalogue.duckdb: everything that a workspace holds, in one file, for questions.
-- It is made from the manifests and files of the finished products and can be deleted at any time:
-- the next question makes it again. Open it read-only; a copy is written and renamed, so that who
-- reads one is never in the way. What holds of a product alone has its name, kind/name-key, in the
-- column product; the files of the products stay what they are.

-- Every finished product: a directory of the workspace with a manifest.
CREATE TABLE products (
    product  VARCHAR PRIMARY KEY,  -- its directory, such as run/tiny-generalist-0123456789ab
    kind     VARCHAR NOT NULL,     -- prompts, documents, tokenizer, shards, run, evaluation …
    name     VARCHAR NOT NULL,     -- mostly that of the profile
    key      VARCHAR NOT NULL,     -- SHA-256 of all that it was made from
    digest   VARCHAR NOT NULL,     -- SHA-256 of its content: what later products name
    created  TIMESTAMP NOT NULL,   -- when its manifest was written, UTC
    source   VARCHAR NOT NULL,     -- SHA-256 of the code that made it
    lock     VARCHAR NOT NULL,     -- SHA-256 of the versions of the packages that made it
    config   JSON NOT NULL,        -- the stage's configuration
    counts   JSON NOT NULL         -- what the stage tallied
);

-- What a product was made from: one row per input.
CREATE TABLE lineage (
    product  VARCHAR NOT NULL,
    role     VARCHAR NOT NULL,     -- what the input is to it: prompts, documents, generalist …
    digest   VARCHAR NOT NULL,     -- of the input; it is no product here when that was deleted
    PRIMARY KEY (product, role)
);

-- The same with the input's name; of products with equal content, the newest.
CREATE VIEW inputs AS
SELECT lineage.product, role, lineage.digest, arg_max(products.product, created) AS input
FROM lineage LEFT JOIN products USING (digest)
GROUP BY ALL;

-- Every decision on promotion, as promotion.jsonl has it.
CREATE TABLE decisions (
    date                 TIMESTAMP NOT NULL,  -- UTC
    profile              VARCHAR NOT NULL,
    promoted             BOOLEAN NOT NULL,
    reason               VARCHAR NOT NULL,
    run                  VARCHAR NOT NULL,    -- product: the run that was judged
    evaluation           VARCHAR NOT NULL,    -- product: its scores
    champion             VARCHAR NOT NULL,    -- product: champion before; '': there was none
    champion_evaluation  VARCHAR NOT NULL     -- product: its scores that night; '': none
);

-- The last value of every metric of a training run.
CREATE TABLE run_metrics (
    product  VARCHAR NOT NULL,   -- of kind run
    metric   VARCHAR NOT NULL,   -- train/loss, validation/loss …
    step     BIGINT NOT NULL,    -- optimizer step at which it was measured last
    value    DOUBLE NOT NULL,
    PRIMARY KEY (product, metric)
);

-- Tasks, their sources and their wordings, as schema.sql describes them; per product of kind
-- prompts.
CREATE TABLE tasks (
    product VARCHAR NOT NULL, task VARCHAR NOT NULL, description VARCHAR, kind VARCHAR,
    protocol VARCHAR, headline VARCHAR, unseen BOOLEAN, closed BOOLEAN,
    PRIMARY KEY (product, task)
);
CREATE TABLE sources (
    product VARCHAR NOT NULL, task VARCHAR NOT NULL, split VARCHAR NOT NULL, source VARCHAR,
    licence VARCHAR, revision VARCHAR, n_records BIGINT,
    PRIMARY KEY (product, task, split)
);
CREATE TABLE templates (
    product VARCHAR NOT NULL, task VARCHAR NOT NULL, template VARCHAR NOT NULL,
    template_hash VARCHAR, main BOOLEAN, lm_eval BOOLEAN, specimen VARCHAR,
    PRIMARY KEY (product, task, template)
);

-- What can be asked in an evaluation: the prompts of validation and test. Those of train are in
-- prompts.duckdb of the product (generalist sql --prompts).
CREATE TABLE prompts (
    product        VARCHAR NOT NULL,   -- of kind prompts
    task           VARCHAR NOT NULL,
    split          VARCHAR NOT NULL,
    position       INTEGER,
    example_id     VARCHAR NOT NULL,
    "group"        VARCHAR,
    template       VARCHAR NOT NULL,
    template_hash  VARCHAR,
    prompt         VARCHAR,
    target         VARCHAR,
    choices        VARCHAR[],
    gold           INTEGER,
    "references"   VARCHAR[],
    segments       VARCHAR[],
    contexts       VARCHAR[]
);

-- What evaluations found, as results.sql describes it; per product of kind evaluation. Columns that
-- an older evaluation did not have are NULL in its rows, and columns that newer ones have are added.
CREATE TABLE items (
    product VARCHAR NOT NULL, task VARCHAR NOT NULL, split VARCHAR NOT NULL,
    model VARCHAR NOT NULL, example_id VARCHAR NOT NULL, "group" VARCHAR, template VARCHAR,
    template_hash VARCHAR, prompt_digest VARCHAR, scores DOUBLE[], predicted INTEGER,
    gold INTEGER, answer VARCHAR, nats DOUBLE, n_bytes BIGINT, n_words BIGINT,
    "values" MAP(VARCHAR, DOUBLE)
);
CREATE TABLE scores (
    product VARCHAR NOT NULL, task VARCHAR NOT NULL, split VARCHAR NOT NULL,
    model VARCHAR NOT NULL, metric VARCHAR NOT NULL, template VARCHAR, headline BOOLEAN,
    value DOUBLE, low DOUBLE, high DOUBLE, n BIGINT, n_groups BIGINT, exposure VARCHAR
);
CREATE TABLE verdicts (
    product VARCHAR NOT NULL, task VARCHAR NOT NULL, split VARCHAR NOT NULL, metric VARCHAR,
    rivals MAP(VARCHAR, DOUBLE), p DOUBLE, p_holm DOUBLE, beats_all BOOLEAN,
    plain_p_holm DOUBLE, beats_plain BOOLEAN, bag_of_words_p DOUBLE
);

-- How much of an example stands in the training text; per product of kind contamination.
CREATE TABLE contamination (
    product     VARCHAR NOT NULL,
    task        VARCHAR NOT NULL,
    split       VARCHAR NOT NULL,
    example_id  VARCHAR NOT NULL,
    "group"     VARCHAR,
    n_grams     BIGINT,             -- runs of words that it has
    n_found     BIGINT,             -- of them, those that stand in the training text
    documents   STRUCT(id VARCHAR, n BIGINT)[],  -- where, and how many of them
    confirmed   BOOLEAN,            -- whether it counts as seen
    too_short   BOOLEAN             -- whether it has too few words to say
);

-- The files that the catalogue was made from: when they are others, it is brought up to date.
CREATE TABLE files (
    path   VARCHAR PRIMARY KEY,
    stamp  VARCHAR NOT NULL
);
