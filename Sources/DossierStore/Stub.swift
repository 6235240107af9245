enum DossierStoreStub {}
