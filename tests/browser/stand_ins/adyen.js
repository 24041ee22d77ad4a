// Drop-in: a form whose button pays, and the result handed to the page; for 3-D Secure 2 a form in
// our page that posts into a frame of the issuer's, or a redirect that comes back with a result.
window.AdyenWeb = {
  AdyenCheckout: async config => ({
    config,
    submitDetails: async ({details}) => config.onPaymentCompleted(await window.payAtAdyen(config.session.id, details.redirectResult)),
  }),
  Dropin: class {
    constructor(core) { this.core = core; }
    mount(box) {
      const {config} = this.core;
      box.innerHTML = '<button type="button" style="color: inherit">Stand-in pays</button><iframe name="issuer"></iframe>';
      box.dataset.told = [config.clientKey, config.environment, config.countryCode].join(' ');
      box.querySelector('button').addEventListener('click', async () => {
        const said = await window.payAtAdyen(config.session.id, '');
        if (said.challenge) {
          const form = Object.assign(document.createElement('form'), {method: 'POST', action: said.challenge, target: 'issuer'});
          box.append(form); form.submit();
          await new Promise(done => addEventListener('message', done, {once: true}));
          config.onPaymentCompleted(await window.payAtAdyen(config.session.id, 'challenged'));
        } else if (said.leave) location.assign(said.leave);
        else config[said.resultCode === 'Refused' ? 'onPaymentFailed' : 'onPaymentCompleted'](said);
      });
    }
  },
};
