"""Text → tokens → model → scores: tokenizer, GPT, training and scoring, without a pipeline around."""
