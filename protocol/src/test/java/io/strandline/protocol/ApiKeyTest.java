package io.strandline.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import io.strandline.protocol.message.ListOffsetsRequest;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.message.ApiMessageType;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ApiKeyTest {
    @Test
    void everyApiThatKafkaStillSpeaksIsThere() {
        var kafkas = Arrays.stream(ApiKeys.values())
                .filter(ApiKeys::hasValidVersion)
                .map(api -> (int) api.id)
                .sorted()
                .toList();

        assertThat(Arrays.stream(ApiKey.values()).map(api -> (int) api.id())).containsExactlyElementsOf(kafkas);
    }

    @ParameterizedTest
    @EnumSource(ApiKey.class)
    void versionsAndHeadersAreThoseOfKafka(ApiKey api) {
        var kafkas = ApiMessageType.fromApiKey(api.id());

        assertThat(api.name()).isEqualTo(kafkas.name());
        assertThat(api.apiName()).isEqualTo(kafkas.name);
        assertThat(api.lowestVersion()).isEqualTo(kafkas.lowestSupportedVersion());
        assertThat(api.highestVersion()).isEqualTo(kafkas.highestSupportedVersion(false));
        assertThat(api.highestKnownVersion()).isEqualTo(kafkas.highestSupportedVersion(true));
        for (short version = api.lowestVersion(); version < 30; version++) {
            assertThat(api.requestHeaderVersion(version)).isEqualTo(kafkas.requestHeaderVersion(version));
            assertThat(api.responseHeaderVersion(version)).isEqualTo(kafkas.responseHeaderVersion(version));
        }
    }

    @ParameterizedTest
    @EnumSource(ApiKey.class)
    void messagesBelongToTheApi(ApiKey api) {
        assertThat(api.newRequest().getClass().getSimpleName()).isEqualTo(api.apiName() + "Request");
        assertThat(api.newResponse().getClass().getSimpleName()).isEqualTo(api.apiName() + "Response");
        assertThat(api.newRequest().highestVersion()).isEqualTo(api.highestKnownVersion());
        assertThat(ApiKey.forId(api.id())).contains(api);
    }

    @Test
    void anUnstableVersionIsNotAmongThoseSpoken() {
        assertThat(ApiKey.INIT_PRODUCER_ID.speaks((short) 5)).isTrue();
        assertThat(ApiKey.INIT_PRODUCER_ID.speaks((short) 6)).isFalse();
    }

    @Test
    void aNumberWithoutApiGivesNothing() {
        assertThat(ApiKey.forId(-1)).isEmpty();
        assertThat(ApiKey.forId(7)).isEmpty(); // ControlledShutdown, removed
        assertThat(ApiKey.forId(Short.MAX_VALUE)).isEmpty();
    }

    @Test
    void theTableOfApisLoadsNoMessageUntilOneIsMade() throws Exception {
        var loader = new RecordingLoader();
        var apiKey = Class.forName("io.strandline.protocol.ApiKey", true, loader);
        var api = apiKey.getEnumConstants()[2];
        apiKey.getMethod("responseHeaderVersion", short.class).invoke(api, (short) 3);

        assertThat(loader.messages()).isEmpty();

        apiKey.getMethod("newRequest").invoke(api);
        assertThat(loader.messages()).containsExactly(ListOffsetsRequest.class.getName());
    }

    @Test
    void errorCodesAreThoseOfKafka() {
        assertThat(ErrorCode.values()).hasSameSizeAs(Errors.values());
        for (var kafkas : Errors.values()) {
            var ours = ErrorCode.forCode(kafkas.code()).orElseThrow();
            assertThat(ours.name()).isEqualTo(kafkas.name());
            assertThat(ours.code()).isEqualTo(kafkas.code());
            assertThat(ours.retriable()).as(ours.name()).isEqualTo(kafkas.exception() instanceof RetriableException);
        }
        assertThat(ErrorCode.forCode(-2)).isEmpty();
        assertThat(ErrorCode.forCode(ErrorCode.values().length)).isEmpty();
    }

    /** Loads the module's classes itself and remembers which. */
    private static final class RecordingLoader extends ClassLoader {
        private final List<String> loaded = new CopyOnWriteArrayList<>();

        RecordingLoader() {
            super(ApiKeyTest.class.getClassLoader());
        }

        List<String> messages() {
            return loaded.stream().filter(name -> name.contains(".message.")).toList();
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            if (!name.startsWith("io.strandline.protocol.")) {
                return super.loadClass(name, resolve);
            }
            synchronized (getClassLoadingLock(name)) {
                var known = findLoadedClass(name);
                return known != null ? known : define(name);
            }
        }

        private Class<?> define(String name) throws ClassNotFoundException {
            try (InputStream in = getResourceAsStream(name.replace('.', '/') + ".class")) {
                if (in == null) {
                    throw new ClassNotFoundException(name);
                }
                loaded.add(name);
                var bytes = in.readAllBytes();
                return defineClass(name, bytes, 0, bytes.length);
            } catch (IOException e) {
                throw new ClassNotFoundException(name, e);
            }
        }
    }
}
