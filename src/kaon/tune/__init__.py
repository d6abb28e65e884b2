"""The search for hyper-parameters, on Optuna."""
