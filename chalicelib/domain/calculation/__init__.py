"""The rules of every figure a person sees, as pure functions: from readings to months, histogram and cards."""
