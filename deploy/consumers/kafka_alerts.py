"""Print alerts as they come: python kafka_alerts.py BOOTSTRAP [TOPIC] [GROUP]. Needs kafka-python."""

import json
import sys

from kafka import KafkaConsumer

bootstrap, topic, group = (*sys.argv[1:], *("localhost:9092", "tocsin.alerts", "my-centre")[len(sys.argv) - 1 :])
consumer = KafkaConsumer(
    topic,
    bootstrap_servers=bootstrap,
    group_id=group,
    auto_offset_reset="earliest",
    isolation_level="read_committed",  # what a fallen worker left half written is never seen
    enable_auto_commit=False,
)
try:
    for record in consumer:
        alert = json.loads(record.value)
        if "alert_id" in alert:  # the others are digests
            incident = alert["incident"]
            words = (
                alert["alert_id"],
                alert["centre"],
                alert["status"],
                alert["msg_type"],
                incident["hazard"],
                incident["place"],
            )
            sys.stdout.write("\t".join(words) + "\n")
            sys.stdout.flush()
        consumer.commit()  # only now is it done; after a fall the last one comes again, with the same alert_id
finally:
    consumer.close(autocommit=False)  # leave the group: another member goes on at once
