// The first call in Java 11 or later, without packages: sends one event, prints what the gateway says.
//
//     CLAIMS_KEY=… java docs/examples/plain-http/First.java http://127.0.0.1:8710 EVENT.json
//
// On a status of 503, 408 or none at all send the same file again: the ledger knows events by their id.
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;

public class First {
    public static void main(String[] args) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create(args[0] + "/v1/events"))
            .timeout(Duration.ofSeconds(30))
            .header("Authorization", "Bearer " + System.getenv("CLAIMS_KEY"))
            .header("Content-Type", "application/cloudevents+json")
            .POST(HttpRequest.BodyPublishers.ofFile(Path.of(args[1])))
            .build();
        HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
        HttpResponse<String> answer =
            client.send(request, HttpResponse.BodyHandlers.ofString(StandardCharsets.UTF_8));
        if (answer.statusCode() != 202) {
            System.err.println(answer.body());
            System.exit(1);
        }
        System.out.println(answer.body());
    }
}
