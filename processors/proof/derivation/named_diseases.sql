SELECT scheme, disease, use FROM pg_temp.named
