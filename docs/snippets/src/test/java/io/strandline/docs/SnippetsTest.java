package io.strandline.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SnippetsTest {
    @TempDir
    private Path docs;

    private Path source;

    @Test
    void thePagesShowWhatTheTestsRun() throws IOException {
        assertThat(Snippets.of(Path.of(System.getProperty("strandline.docs"))).problems())
                .isEmpty();
    }

    @BeforeEach
    void make() throws IOException {
        source = Files.createDirectories(docs.resolve("snippets/src/test")).resolve("ATest.java");
        Files.writeString(source, "    // tag::one\n    if (true) {\n        go();\n    }\n    // end::one\n");
        page("<!-- snippet: one -->\n```java\nif (true) {\n    go();\n}\n```\n");
    }

    private void page(String text) throws IOException {
        Files.writeString(docs.resolve("page.md"), text);
    }

    @Test
    void aBlockThatIsItsRegionIsInOrder() throws IOException {
        assertThat(Snippets.of(docs).problems()).isEmpty();
    }

    @Test
    void aBlockThatDiffersIsNamedAndFilled() throws IOException {
        var right = Files.readString(docs.resolve("page.md"));
        page(right.replace("go()", "stop()"));
        assertThat(Snippets.of(docs).problems()).singleElement().asString().contains("fill-snippets");
        Snippets.main(new String[] {docs.toString()});
        assertThat(Files.readString(docs.resolve("page.md"))).isEqualTo(right);
    }

    @Test
    void javaThatNoTestRunsIsNamed() throws IOException {
        page(Files.readString(docs.resolve("page.md")) + "\n```java\ninvented();\n```\n");
        assertThat(Snippets.of(docs).problems()).singleElement().asString().contains("page.md:8");
    }

    @Test
    void aRegionThatNoPageShowsIsNamed() throws IOException {
        Files.writeString(source, Files.readString(source) + "// tag::two\nx();\n// end::two\n");
        assertThat(Snippets.of(docs).problems()).containsExactly("No page shows the snippet two");
    }
}
