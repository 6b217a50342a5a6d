"""Dumps counted by signature, on Spark: paths are piped through `dumplens scan --jsonl -` on every worker.

    python3 signatures.py --dumplens /usr/local/bin/dumplens --rows rows.jsonl FOLDER...

Paths travel, not bytes: a dump of 20 GB is read where it lies, and only in the parts that are needed. dumplens and the
folders must be found under the same path on every worker.
"""

import argparse
import os
import shlex
import sys

from pyspark.sql import SparkSession, functions

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import rows as shared

# Of the report, the fields that are asked for; Spark passes over the rest.
SCHEMA = """
    path string,
    error struct<code: string, message: string>,
    signature struct<id: string>,
    verdict struct<kind: string, cause: string, allocation: struct<requested_hex: string>>
"""


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--dumplens", default="dumplens")
    arguments.add_argument("--rows", help="write the rows to this file")
    arguments.add_argument("--partitions", type=int, default=4)
    arguments.add_argument("folders", nargs="+")
    options = arguments.parse_args()

    spark = SparkSession.builder.appName("dumplens").getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    paths = list(shared.dumps(options.folders))
    # One dump at a time in each process: Spark runs as many of them as it has cores.
    command = shlex.join([options.dumplens, "scan", "--jsonl", "--jobs", "1", "-"])
    lines = spark.sparkContext.parallelize(paths, options.partitions).pipe(command, checkCode=True)
    dumps = spark.read.schema(SCHEMA).json(lines).select(
        "path",
        functions.col("error.code").alias("error"),
        functions.col("signature.id").alias("signature"),
        functions.col("verdict.kind").alias("kind"),
        functions.col("verdict.cause").alias("cause"),
        functions.col("verdict.allocation.requested_hex").alias("requested"),
    ).cache()

    by_signature = dumps.where("signature is not null").groupBy("signature", "kind", "cause").count()
    by_signature = by_signature.orderBy(functions.desc("count"), "signature")
    for each in by_signature.collect():
        print(each["count"], each["signature"], each["kind"], each["cause"], sep="\t")
    if options.rows:
        shared.write([tuple(row) for row in dumps.collect()], options.rows)
    spark.stop()


if __name__ == "__main__":
    main()
