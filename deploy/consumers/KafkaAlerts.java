// Print alerts as they come: java -cp 'kafka-clients.jar:slf4j-api.jar:…' KafkaAlerts.java BOOTSTRAP [TOPIC] [GROUP]
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.StringDeserializer;

class KafkaAlerts {
    public static void main(String[] given) {
        Map<String, Object> settings = Map.of(
            "bootstrap.servers", given.length > 0 ? given[0] : "localhost:9092",
            "group.id", given.length > 2 ? given[2] : "my-centre",
            "auto.offset.reset", "earliest",
            "isolation.level", "read_committed", // what a fallen worker left half written is never seen
            "enable.auto.commit", false);
        try (var consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer())) {
            consumer.subscribe(List.of(given.length > 1 ? given[1] : "tocsin.alerts"));
            while (true) {
                for (var record : consumer.poll(Duration.ofSeconds(1)))
                    System.out.println(record.key() + "\t" + record.value()); // "incident.centre", and the alert as JSON
                consumer.commitSync(); // only now are they done; after a fall they come again, with the same alert_id
            }
        }
    }
}
