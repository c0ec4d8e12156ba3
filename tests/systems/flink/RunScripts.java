import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.TableEnvironment;
import org.apache.flink.table.api.TableResult;

/**
 * Runs scripts of Flink's SQL client one after the other, each in an environment of its own, and
 * says of each how it went. A statement ends with a semicolon at the end of a line.
 */
class RunScripts {
    private static final Pattern SET =
            Pattern.compile("\\s*SET '(.*)' = '(.*)'\\s*", Pattern.DOTALL);

    public static void main(String[] scripts) {
        for (String script : scripts) {
            try {
                run(Files.readString(Path.of(script)));
                System.out.println(script + ": done");
            } catch (Exception e) {
                Throwable cause = e;
                while (cause.getCause() != null)
                    cause = cause.getCause();
                System.out.println(script + ": " + cause.toString().replace('\n', ' '));
            }
        }
        System.exit(0);
    }

    private static void run(String script) throws Exception {
        TableEnvironment env = TableEnvironment.create(EnvironmentSettings.inStreamingMode());
        for (String statement : script.split(";\n")) {
            Matcher set = SET.matcher(statement);
            if (set.matches()) {
                env.getConfig().set(set.group(1), set.group(2));
                continue;
            }
            TableResult result = env.executeSql(statement);
            if (result.getJobClient().isPresent())
                result.await();
        }
    }
}
