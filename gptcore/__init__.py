"""Text → tokens → model → scores: tokenizer, GPT, training and scoring, no pipeline around."""
