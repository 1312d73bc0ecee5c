const index = '/api/automation-hub/v3/plugin/ansible/content/published/collections/index';

describe('background work', () => {
  it('has deleted a collection when it has settled', () => {
    cy.request('DELETE', `${index}/ns1/test3/`).then(({ status, body }) => {
      expect(status).to.equal(202);
      expect(body.task).to.match(/\/tasks\/[0-9a-f-]{36}\/$/);
    });
    cy.settle();
    cy.request({ url: `${index}/ns1/test3/`, failOnStatusCode: false }).its('status').should('equal', 404);
  });

  it('can be stopped', () => {
    cy.longRunningTask().then(({ number }) => {
      cy.taskward(`task cancel ${number}`);
      cy.taskward(`task show ${number} --json`).its('stdout').should('contain', '"canceled"');
    });
  });
});
