/** Clients of databases: one statement that only reads, to this host. */
import { only, options, type Parsed, type Rule } from "../arguments.ts";
import { isLiteral, show } from "../marks.ts";
import { sqlRefusal } from "../sql.ts";
import { type Refusal, refusal } from "../verdict.ts";
import { commands, endless, follows, listed, reports, ruled, SOCKETS } from "./entry.ts";
import { HERE } from "./guard.ts";
import type { Programs } from "./program.ts";

const NAME = /^[\w-]+$/;

const MYSQL =
  "-NBstErHX -u: -h: -P: -S: -D: -e: --batch --skip-column-names --table --vertical --raw --silent --no-auto-rehash -A " +
  "--user= --host= --execute= --database= --socket= --port= --protocol= --defaults-file= --defaults-extra-file= " +
  "--connect-timeout= --login-path=";
const PSQL =
  "-AtxqXwlnE -U: -d: -h: -p: -c: -F: -R: -P: --csv --expanded --tuples-only --no-align --no-psqlrc --no-password --list " +
  "--quiet --username= --dbname= --host= --port= --command= --field-separator= --pset=";
const MYSQLADMIN =
  "-rv -u: -h: -P: -S: -i: -c: --user= --host= --port= --socket= --sleep= --count= --relative --vertical -E " +
  "--defaults-file= --defaults-extra-file= --connect-timeout=";
const SQLITE =
  "~readonly ~header ~noheader ~column ~csv ~json ~line ~list ~table ~box ~markdown ~separator: ~batch ~bail";

/** The first of these options that was given. */
function valueOf({ options }: Parsed, ...names: readonly string[]): string | undefined {
  return options.find(([name]) => names.includes(name))?.[1];
}

/** Options files can name plugins and commands: only those of the distribution are read. */
function mysqlOptions(parsed: Parsed): Refusal | undefined {
  const file = valueOf(parsed, "defaults-file", "defaults-extra-file");
  if (file !== undefined && !/^(\/etc\/(mysql\/)?[\w.-]+\.cnf|\/root\/\.my\.cnf)$/.test(file)) {
    return refusal("mysql/option", `${show(file)} is refused: options come from /etc/mysql only.`);
  }
  const name = parsed.operands.find((operand) => !NAME.test(operand));
  return name === undefined ? undefined : refusal("mysql/operand", `${show(name)} is no plain name of a database.`);
}

const mysqlRule: Rule = (given) => {
  const args = given.filter((arg) => !/^-p[^-\s]/.test(arg) || !isLiteral(arg)); // the password stands behind -p
  const parsed = only("mysql", options(MYSQL), args);
  if ("rule" in parsed) return parsed;
  const statements = parsed.options.filter(([name]) => name === "e" || name === "execute").map(([, sql]) => sql);
  if (statements.length === 0) {
    return refusal("mysql/input", 'mysql without -e reads statements from its input: use mysql -e "SHOW …".');
  }
  return mysqlOptions(parsed) ?? firstRefusal(statements, (sql) => sqlRefusal("mysql", sql));
};

/** `\d` and the like only describe; every other backslash command can write or run. */
const DESCRIBES = /^\\(l\+?|d[a-zA-Z+]*|conninfo|dt\+?)( [\w.*"]+)?$/;

const psqlRule: Rule = (args) => {
  const parsed = only("psql", options(PSQL), args);
  if ("rule" in parsed) return parsed;
  const statements = parsed.options.filter(([name]) => name === "c" || name === "command").map(([, sql]) => sql);
  const asked = statements.length > 0 || parsed.options.some(([name]) => name === "l" || name === "list");
  if (!asked) return refusal("psql/input", "psql without -c reads commands from its input: use psql -c 'SELECT …'.");
  const layout = parsed.options.find(([name, value]) => /^(P|pset)$/.test(name) && !/^[\w=,-]+$/.test(value));
  if (layout !== undefined) return refusal("psql/option", "psql -P takes plain settings only.");
  const database = [valueOf(parsed, "d", "dbname") ?? "x", ...parsed.operands].find((name) => !NAME.test(name));
  if (database !== undefined) return refusal("psql/operand", `${show(database)} is no plain name of a database.`);
  return firstRefusal(statements, (sql) => DESCRIBES.test(sql) ? undefined : sqlRefusal("psql", sql));
};

const sqliteRule: Rule = (args) => {
  const parsed = only("sqlite3", options(SQLITE), args);
  if ("rule" in parsed) return parsed;
  const [file = "", ...statements] = parsed.operands;
  if (statements.length === 0 || !/^\/[\w./-]+$/.test(file)) {
    return refusal("sqlite3/input", 'sqlite3 needs a path and one statement: sqlite3 -readonly /path "SELECT …".');
  }
  return firstRefusal(
    statements,
    (sql) =>
      /^\.(tables|schema|indexes|indices|databases|dbinfo|fullschema)( \w+)?$/.test(sql)
        ? undefined
        : sqlRefusal("sqlite3", sql),
  );
};

const MONGO_CALLS =
  "serverStatus|stats|hello|isMaster|currentOp|version|getCollectionNames|hostInfo|status|conf|getMongo|" +
  "printReplicationInfo|printSecondaryReplicationInfo|getReplicationInfo|countDocuments|estimatedDocumentCount|getIndexes|" +
  "serverBuildInfo|listCommands|isWritablePrimary|getSiblingDB|getCollection|find|limit|sort|pretty|count|toArray|explain";
const MONGO = new RegExp(
  `^(printjson\\(|JSON\\.stringify\\()?(db|rs|sh)(\\.(\\w+(?!\\w|\\()|(${MONGO_CALLS})\\([\\w\\s:,."'{}$-]*\\)))+\\)?;?$`,
);

const mongoRule: Rule = (args) => {
  const parsed = only("mongosh", options("--quiet --eval= --host= --port= -u: --norc --json"), args);
  if ("rule" in parsed) return parsed;
  const text = valueOf(parsed, "eval");
  if (
    text !== undefined && isLiteral(text) && MONGO.test(text) && !/\$(where|function|out|merge|accumulator)/.test(text)
  ) {
    return undefined;
  }
  return refusal("mongosh/eval", "mongosh takes one --eval of calls that report, such as db.serverStatus().");
};

/** A database on another host is asked with somebody's rights there. */
const elsewhere = (program: string, synopsis: string): Rule => (args) => {
  const parsed = only(program, options(synopsis), args);
  const host = "rule" in parsed ? undefined : valueOf(parsed, "h", "host");
  return host === undefined || HERE.test(host)
    ? undefined
    : refusal(`${program}/host`, `${show(host)} is not this host: an operator has to agree.`, `${program} --version`);
};

const REDIS = "-h: -p: -a: -n: -s: --no-auth-warning --raw --no-raw --csv --json --user= --pass= --tls --cacert= -3 " +
  "--scan --pattern= --count= --bigkeys --memkeys --hotkeys --stat --latency --latency-history -i:";
const REDIS_READS =
  "info,ping,dbsize!,slowlog get,slowlog len!,client list,client info!,client getname!,config get,memory stats!," +
  "memory usage,memory doctor!,latency latest!,latency history,latency doctor!,cluster info!,cluster nodes!,cluster slots!," +
  "cluster shards!,role!,lastsave!,time!,command count!,ttl,pttl,type,exists,strlen,llen,scard,zcard,hlen,xlen," +
  "object encoding,object idletime,object freq,object refcount,acl whoami!,module list!,xinfo stream,xinfo groups," +
  "pubsub channels,pubsub numsub,pubsub numpat!,scan,sentinel masters!,sentinel master,sentinel replicas,sentinel slaves," +
  "sentinel get-master-addr-by-name,get,lrange,hgetall,smembers,zrange,monitor!,subscribe,psubscribe";

export const DATABASE_PROGRAMS: Programs = {
  ...ruled("mysql mariadb", [mysqlRule], {
    needs: SOCKETS,
    approval: elsewhere("mysql", MYSQL),
    instead: "mysql -e 'SHOW GLOBAL STATUS'",
  }),
  ...commands("mysqladmin mariadb-admin", MYSQLADMIN, {
    "status,extended-status,processlist,proc,stat,ping,variables,version": { operands: mysqladminVerbs },
  }, {
    needs: SOCKETS,
    approval: elsewhere("mysqladmin", MYSQLADMIN),
    bound: follows("mysqladmin", "-i -uhPSc: --sleep"),
    instead: "mysqladmin status",
  }),
  ...ruled("psql", [psqlRule], {
    needs: SOCKETS,
    approval: elsewhere("psql", PSQL),
    instead: "psql -c 'SELECT * FROM pg_stat_activity'",
  }),
  ...listed("pg_isready", "-q -h: -p: -U: -d: -t: --host= --port= --timeout=", { needs: SOCKETS }),
  ...reports("pg_lsclusters"),
  ...listed("pg_controldata", "-D: --pgdata="),
  ...ruled("sqlite3", [sqliteRule], {
    files: (args) => args.filter((arg) => arg.startsWith("/")),
    instead: "sqlite3 -readonly /var/lib/app/app.db .tables",
  }),
  ...commands("redis-cli valkey-cli keydb-cli", REDIS, {
    [REDIS_READS]: "",
    [REDIS_READS.toUpperCase()]: "",
    "": "",
  }, {
    needs: SOCKETS,
    rules: [
      (args) =>
        args.some((arg) => /^--(scan|bigkeys|memkeys|hotkeys|stat|latency|latency-history)$/.test(arg)) ||
          hasCommand(args)
          ? undefined
          : refusal("redis-cli/input", "redis-cli without a command reads commands from its input."),
    ],
    approval: elsewhere("redis-cli", REDIS),
    bound: (args) =>
      args.some((arg) => /^(monitor|p?subscribe|--stat|--latency|--latency-history)$/i.test(arg))
        ? endless("redis-cli")
        : undefined,
    instead: "redis-cli info",
  }),
  ...ruled("mongosh mongo", [mongoRule], { needs: SOCKETS, instead: "mongosh --quiet --eval 'db.serverStatus()'" }),
  ...commands("nodetool", "-H -h: -p: --human-readable --host= --port=", {
    "status,info,tpstats,netstats,compactionstats,tablestats,cfstats,ring,gossipinfo,describecluster,version!": "",
    "tablehistograms,proxyhistograms,gcstats,failuredetector,getcompactionthroughput,listsnapshots": "",
  }, { approval: elsewhere("nodetool", "-h: -p: --host= --port="), instead: "nodetool status" }),
  ...listed("mongostat mongotop", "-n: --rowcount= --json --host= --port=", {
    bound: (args) => args.some((arg) => /^(-n|--rowcount)/.test(arg)) ? undefined : endless("mongostat"),
  }),
  ...listed("memcached-tool memstat", "", {
    operands: (operands) =>
      operands.length <= 2 && (operands[1] ?? "stats") === "stats"
        ? undefined
        : refusal("memcached-tool/verb", "Only stats reads."),
  }),
};

/** mysqladmin does one after the other what its operands say. */
function mysqladminVerbs(operands: readonly string[]): ReturnType<Rule> {
  const other = operands.find((word) =>
    !/^(status|extended-status|processlist|proc|stat|ping|variables|version)$/.test(word)
  );
  return other === undefined
    ? undefined
    : refusal("mysqladmin/operand", `mysqladmin ${show(other)} may do more than show.`);
}

function hasCommand(args: readonly string[]): boolean {
  const parsed = only("redis-cli", options(REDIS), args);
  return !("rule" in parsed) && parsed.operands.length > 0;
}

function firstRefusal(texts: readonly string[], judge: (text: string) => Refusal | undefined): Refusal | undefined {
  return texts.map(judge).find((refused) => refused !== undefined);
}
