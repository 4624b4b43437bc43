import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.stream.Collectors;
import org.apache.calcite.avatica.util.Casing;
import org.apache.calcite.avatica.util.Quoting;
import org.apache.calcite.sql.parser.SqlAbstractParserImpl;
import org.apache.calcite.sql.parser.SqlParseException;
import org.apache.calcite.sql.parser.SqlParser;
import org.apache.calcite.sql.validate.SqlConformance;
import org.apache.calcite.sql.validate.SqlConformanceEnum;
import org.apache.calcite.sql.validate.SqlDelegatingConformance;

/**
 * Reads statements, one a line in Base64, and answers each with one line: "ok", or why Calcite does not parse it.
 * Prints the reserved words first, in one line.
 *
 * <p>The settings are Dremio's (dremio-oss, ParserConfig and DremioSqlConformance).
 */
public final class Judge {
  private static final SqlConformance LIKE_DREMIO =
      new SqlDelegatingConformance(SqlConformanceEnum.DEFAULT) {
        @Override
        public boolean isBangEqualAllowed() {
          return true;
        }

        @Override
        public boolean isMinusAllowed() {
          return true;
        }

        @Override
        public boolean isPercentRemainderAllowed() {
          return true;
        }

        @Override
        public boolean allowExplicitRowValueConstructor() {
          return true;
        }

        @Override
        public boolean allowNiladicParentheses() {
          return true;
        }
      };

  private static final SqlParser.Config CONFIG =
      SqlParser.configBuilder()
          .setQuoting(Quoting.DOUBLE_QUOTE)
          .setQuotedCasing(Casing.UNCHANGED)
          .setUnquotedCasing(Casing.UNCHANGED)
          .setCaseSensitive(false)
          .setConformance(LIKE_DREMIO)
          .setIdentifierMaxLength(1024)
          .build();

  private Judge() {}

  public static void main(String[] arguments) throws IOException {
    BufferedReader questions =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    PrintStream answers = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    answers.println(reservedWords());
    for (String line = questions.readLine(); line != null; line = questions.readLine()) {
      String sql = new String(Base64.getDecoder().decode(line), StandardCharsets.UTF_8);
      answers.println(verdict(sql));
    }
  }

  private static String reservedWords() {
    SqlAbstractParserImpl.Metadata words = SqlParser.create("", CONFIG).getMetadata();
    return words.getTokens().stream().filter(words::isReservedWord).collect(Collectors.joining(" "));
  }

  private static String verdict(String sql) {
    try {
      SqlParser.create(sql, CONFIG).parseStmt();
      return "ok";
    } catch (SqlParseException | RuntimeException refusal) {
      return String.valueOf(refusal.getMessage()).replaceAll("\\s+", " ").replaceAll(" Was expecting.*", "");
    }
  }
}
