// `taskward` waits by events, so nothing here sleeps or polls.

const MINUTE = 60 * 1000;

// Runs the command line. It fails the test unless the exit code is 0: 123 means that a task failed, 124 that time was over.
Cypress.Commands.add('taskward', (words, { timeout = 5 * MINUTE } = {}) =>
  cy.exec(`taskward ${words}`, { timeout: timeout + 5000 }),
);

// Returns when no background work is left, and fails the test when some of it failed.
Cypress.Commands.add('settle', ({ label, timeout = 5 * MINUTE } = {}) => {
  const filter = label ? ` --label ${label}` : '';
  return cy.taskward(`task wait all --timeout ${timeout / 1000}s${filter}`, { timeout });
});

// A task that runs until somebody stops it; yields the task.
Cypress.Commands.add('longRunningTask', (name = 'iamrunning') =>
  cy.taskward(`task create --state running --name ${name} --json`).then(({ stdout }) => JSON.parse(stdout)),
);
