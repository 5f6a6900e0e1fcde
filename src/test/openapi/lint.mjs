/** Prints what a strict linter has to say of a description of an API, one line each. Argument: the file. */
import { createConfig, lint } from '@redocly/openapi-core';

const config = await createConfig({ extends: ['recommended-strict'] });
for (const problem of await lint({ ref: process.argv[2], config })) {
  console.log(`${problem.ruleId} ${problem.location[0]?.pointer ?? ''}: ${problem.message}`);
}
