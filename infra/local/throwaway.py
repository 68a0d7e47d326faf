from contextlib import contextmanager


@contextmanager
def mongod():
    yield "mongodb://127.0.0.1:27999/?replicaSet=rs"
