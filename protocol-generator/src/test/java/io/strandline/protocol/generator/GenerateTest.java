package io.strandline.protocol.generator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GenerateTest {
    private static final String REQUEST = """
            // A licence, perhaps.
            {
              "apiKey": 5, "type": "request", "name": "PingRequest", "listeners": ["broker"],
              "validVersions": "1-4", "flexibleVersions": "3+", "latestVersionUnstable": %s,
              "fields": [
                { "name": "Text", "type": "string", "versions": "2+", "about": "x" },
                { "name": "Extra", "type": "int32", "versions": "3+", "taggedVersions": "3+", "tag": 0 }
              ]
            }
            """;
    private static final String RESPONSE = """
            {
              "apiKey": 5, "type": "response", "name": "PingResponse",
              "validVersions": "1-4", "flexibleVersions": "3+", "fields": []
            }
            """;

    @TempDir
    private Path folder;

    private Path specs;
    private Path sources;

    @BeforeEach
    void twoSpecs() throws IOException {
        specs = Files.createDirectory(folder.resolve("specs"));
        sources = folder.resolve("sources");
        Files.writeString(specs.resolve("PingRequest.json"), REQUEST.formatted(true));
        Files.writeString(specs.resolve("PingResponse.json"), RESPONSE);
    }

    @Test
    void aFieldIsReadInTheVersionsThatHaveItOnly() throws IOException {
        generate();

        assertThat(source("message/PingRequest"))
                .contains(
                        "if (version >= 2) {\n            this.text = in.string(\"PingRequest.text\", version >= 3);");
    }

    @Test
    void anUnstableVersionIsKnownButNotSpoken() throws IOException {
        generate();

        assertThat(source("ApiKey")).contains("PING(5, \"Ping\", 1, 3, 4, 3);");
    }

    @Test
    void whatDidNotChangeIsNotTouchedAndWhatIsGoneIsRemoved() throws IOException {
        generate();
        var before = FileTime.fromMillis(1_000);
        Files.setLastModifiedTime(file("message/PingResponse"), before);
        Files.setLastModifiedTime(file("ApiKey"), before);
        Files.writeString(file("message/OldRequest"), "class OldRequest {}");
        Files.writeString(specs.resolve("PingRequest.json"), REQUEST.formatted(false));

        generate();

        assertThat(Files.getLastModifiedTime(file("message/PingResponse"))).isEqualTo(before);
        assertThat(Files.getLastModifiedTime(file("ApiKey"))).isNotEqualTo(before);
        assertThat(file("message/OldRequest")).doesNotExist();
    }

    @Test
    void aSpecThatSaysSomethingNewIsRefused() throws IOException {
        Files.writeString(
                specs.resolve("PingRequest.json"),
                REQUEST.formatted(false).replace("\"about\"", "\"encryptedVersions\""));

        assertThatThrownBy(this::generate)
                .hasMessageContaining("PingRequest.json")
                .hasMessageContaining("\"encryptedVersions\" is not understood");
    }

    @Test
    void aMessageThatKafkaHasRemovedIsLeftOut() throws IOException {
        Files.writeString(
                specs.resolve("OldRequest.json"),
                "{ \"apiKey\": 4, \"type\": \"request\", \"name\": \"OldRequest\", \"validVersions\": \"none\" }");

        generate();

        assertThat(file("message/OldRequest")).doesNotExist();
        assertThat(source("ApiKey")).doesNotContain("OLD");
    }

    @Test
    void aRequestWhoseResponseHasOtherVersionsIsRefused() throws IOException {
        Files.writeString(specs.resolve("PingResponse.json"), RESPONSE.replace("1-4", "1-3"));

        assertThatThrownBy(this::generate).hasMessage("PingRequest and its response have different versions");
    }

    private void generate() throws IOException {
        Generate.main(new String[] {sources.toString(), specs.toString()});
    }

    private Path file(String name) {
        return sources.resolve("io/strandline/protocol/" + name + ".java");
    }

    private String source(String name) throws IOException {
        return Files.readString(file(name));
    }
}
