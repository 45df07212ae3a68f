import type { Connection } from "../../gateway/db/driver/connection.ts";

/** From now on the statements that run on a connection are written down; `take` gives those since the last time. */
export function countStatements(connection: Connection): { take(): readonly string[] } {
  let ran: string[] = [];
  const rowsOf = connection.rowsOf.bind(connection);
  const runOf = connection.runOf.bind(connection);
  connection.rowsOf = (statement, values) => {
    ran.push(statement.sql);
    return rowsOf(statement, values);
  };
  connection.runOf = (statement, values) => {
    ran.push(statement.sql);
    return runOf(statement, values);
  };
  return {
    take: () => {
      const taken = ran;
      ran = [];
      return taken;
    },
  };
}
