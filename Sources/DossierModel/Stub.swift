enum DossierModelStub {}
