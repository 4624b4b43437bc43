import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.Map;
import java.util.Set;
import org.elasticsearch.bootstrap.BootstrapInfo;
import org.elasticsearch.common.logging.LogConfigurator;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.env.Environment;
import org.elasticsearch.node.InternalSettingsPreparer;
import org.elasticsearch.node.Node;
import org.elasticsearch.plugins.PluginsLoader;

/** One Elasticsearch node, without the launcher of Elastic's distribution, which is not to be had as an artifact. */
public class SingleNode {
    private static final String NAME = "lakehouse";

    public static void main(String[] arguments) throws Exception {
        Path home = Paths.get(System.getProperty("es.path.home"));
        Path configuration = Paths.get(System.getProperty("es.path.conf"));
        LogConfigurator.registerErrorListener();
        Settings settings = Settings.builder().put("path.home", home.toString()).build();
        Environment environment =
            InternalSettingsPreparer.prepareEnvironment(settings, Map.of(), configuration, () -> NAME);
        LogConfigurator.setNodeName(NAME);
        LogConfigurator.configure(environment, true);
        BootstrapInfo.init();
        var modules = PluginsLoader.loadModulesBundles(environment.modulesDir(), false);
        Node node = new Node(environment, PluginsLoader.createPluginsLoader(modules, Set.of(), Map.of(), false));
        Runtime.getRuntime().addShutdownHook(new Thread(() -> close(node)));
        node.start();
        Thread.currentThread().join();
    }

    private static void close(Node node) {
        try {
            node.prepareForClose();
            node.close();
        } catch (Exception error) {
            error.printStackTrace();
        }
    }
}
