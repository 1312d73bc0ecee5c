module.exports = {
  e2e: {
    supportFile: 'cypress/support/commands.js',
    specPattern: 'cypress/e2e/**/*.cy.js',
    video: false,
  },
};
