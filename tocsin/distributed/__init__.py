"""The same stages on many machines: workers over Apache Kafka and Redis, with the results of one machine.

How nothing is lost and nothing doubled, in three sentences. Each ingest worker numbers the records that it writes for each partition of
``posts`` (a lane: origin and partition), and makes the same records again when it is started again; each extract worker makes one record
of ``mentions`` out of one of ``posts``, a pure function of it, and passes the number on. The detector takes the next number of each lane
and nothing else: what comes again is passed over, what is missing is waited for. Its own output is fenced by a transactional id, compared
with what already stands, and kept with its input offset in one compare-and-set.
"""
