package io.strandline.protocol.generator;

import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Writes the enum of all APIs. Its constants hold numbers only, so that loading it loads no message class. */
final class ApiKeyClass {
    private static final int API_VERSIONS = 18;

    private final List<MessageSpec> requests;
    private final Map<Integer, MessageSpec> responses;
    private final JavaText out = new JavaText();

    private ApiKeyClass(List<MessageSpec> messages) {
        requests = messages.stream()
                .filter(message -> message.kind() == MessageSpec.Kind.REQUEST)
                .sorted(Comparator.comparingInt(MessageSpec::apiKey))
                .toList();
        responses = messages.stream()
                .filter(message -> message.kind() == MessageSpec.Kind.RESPONSE)
                .collect(Collectors.toMap(MessageSpec::apiKey, Function.identity()));
    }

    static String write(List<MessageSpec> messages) {
        var writer = new ApiKeyClass(messages);
        writer.file();
        return writer.out.toString();
    }

    private void file() {
        out.line("// Generated from Kafka's message specs. Do not edit.");
        out.line("package io.strandline.protocol;").line("");
        out.line("import java.util.Optional;").line("");
        out.line("/**");
        out.line(
                " * The APIs of the Kafka protocol: number, name, versions. Messages are made where they are asked for; loading this");
        out.line(" * class loads none of them.");
        out.line(" */");
        out.line("public enum ApiKey {");
        for (int i = 0; i < requests.size(); i++) {
            constant(requests.get(i), i == requests.size() - 1 ? ";" : ",");
        }
        out.line("");
        fields();
        accessors();
        factory("request", "newRequest", request -> request);
        factory("response", "newResponse", this::response);
        out.line("}");
    }

    private void constant(MessageSpec request, String end) {
        var response = response(request);
        var flexible = request.flexible().intersect(request.versions());
        if (!response.versions().equals(request.versions())
                || !response.flexible().intersect(response.versions()).equals(flexible)) {
            throw new IllegalArgumentException(request.name() + " and its response have different versions");
        }
        int highest = request.versions().highest() - (request.latestVersionUnstable() ? 1 : 0);
        String flexibleFrom = request.flexible().isEmpty()
                ? "Integer.MAX_VALUE"
                : String.valueOf(request.flexible().lowest());
        if (!flexible.isEmpty() && flexible.highest() != request.versions().highest()) {
            throw new IllegalArgumentException(request.name() + " is flexible in between");
        }
        String name = apiName(request);
        out.line(JavaText.upperSnake(name) + "(" + request.apiKey() + ", " + JavaText.quote(name) + ", "
                + request.versions().lowest() + ", " + highest + ", "
                + request.versions().highest() + ", "
                + flexibleFrom + ")" + end);
    }

    private MessageSpec response(MessageSpec request) {
        var response = responses.get(request.apiKey());
        if (response == null) {
            throw new IllegalArgumentException(request.name() + " has no response");
        }
        return response;
    }

    private static String apiName(MessageSpec request) {
        return request.name().substring(0, request.name().length() - "Request".length());
    }

    private void fields() {
        int last = requests.get(requests.size() - 1).apiKey();
        out.line("private static final ApiKey[] BY_ID = new ApiKey[" + (last + 1) + "];")
                .line("");
        out.line("static {");
        out.line("for (var api : values()) {");
        out.line("BY_ID[api.id] = api;");
        out.line("}").line("}").line("");
        out.line("private final short id;");
        out.line("private final String apiName;");
        out.line("private final short lowestVersion;");
        out.line("private final short highestVersion;");
        out.line("private final short highestKnownVersion;");
        out.line("private final int flexibleFrom;").line("");
        out.line("ApiKey(int id, String apiName, int lowest, int highest, int highestKnown, int flexibleFrom) {");
        out.line("this.id = (short) id;");
        out.line("this.apiName = apiName;");
        out.line("this.lowestVersion = (short) lowest;");
        out.line("this.highestVersion = (short) highest;");
        out.line("this.highestKnownVersion = (short) highestKnown;");
        out.line("this.flexibleFrom = flexibleFrom;");
        out.line("}").line("");
    }

    private void accessors() {
        out.line("/** Empty for a number that is no API, or one that Kafka has removed. */");
        method(
                "public static Optional<ApiKey> forId(int id)",
                "return id < 0 || id >= BY_ID.length ? Optional.empty() : Optional.ofNullable(BY_ID[id]);");
        out.line("/** The number on the wire. */");
        method("public short id()", "return id;");
        out.line("/** Kafka's name, for example {@code OffsetForLeaderEpoch}. */");
        method("public String apiName()", "return apiName;");
        out.line("/** First version that the messages have. */");
        method("public short lowestVersion()", "return lowestVersion;");
        out.line("/** Last version that is stable: the most a broker advertises. */");
        method("public short highestVersion()", "return highestVersion;");
        out.line("/** Last version that the messages have, an unstable one included. */");
        method("public short highestKnownVersion()", "return highestKnownVersion;");
        out.line("/** Whether this is a stable version of the API. */");
        method("public boolean speaks(short version)", "return version >= lowestVersion && version <= highestVersion;");
        out.line("/** Whether lengths are compact and tagged fields exist in this version (KIP-482), known or not. */");
        method("public boolean isFlexible(short version)", "return version >= flexibleFrom;");
        out.line("/** Version of the header of a request, also of one in a version that is too new for us. */");
        method("public short requestHeaderVersion(short version)", "return (short) (isFlexible(version) ? 2 : 1);");
        out.line("/**");
        out.line(
                " * Version of the header of a response. ApiVersions always answers with 0: who asks does not know yet what we speak");
        out.line(" * (KIP-511).");
        out.line(" */");
        method(
                "public short responseHeaderVersion(short version)",
                "return (short) (isFlexible(version) && id != " + API_VERSIONS + " ? 1 : 0);");
    }

    private void method(String signature, String body) {
        out.line(signature + " {").line(body).line("}").line("");
    }

    private void factory(String what, String name, Function<MessageSpec, MessageSpec> message) {
        out.line("/** A new, empty " + what + ". */");
        out.line("public Message " + name + "() {");
        out.line("return switch (id) {");
        for (var request : requests) {
            out.line("case " + request.apiKey() + " -> new io.strandline.protocol.message."
                    + message.apply(request).name() + "();");
        }
        out.line("default -> throw new IllegalStateException(\"No message for \" + this);");
        out.line("};").line("}").line("");
    }
}
