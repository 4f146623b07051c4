import * as mysql2 from 'mysql2';

/**
 * mysql2 for TypeORM, which asks a connection for its promise interface at every query: mysql2 3.24 then looks its module up
 * in the file system, and makes another wrapper. Here each connection has one for its life.
 */
export const mysqlDriver = {
  ...mysql2,
  createPool(options: mysql2.PoolOptions) {
    const pool = mysql2.createPool(options);
    pool.on('connection', (connection) => {
      const promising = connection.promise();
      connection.promise = () => promising;
    });
    return pool;
  },
};
