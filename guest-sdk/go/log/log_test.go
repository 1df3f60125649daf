package log_test

import (
	"testing"
	"unsafe"

	"lockstep/internal/abi"
	"lockstep/internal/fake"
	"lockstep/log"
	"lockstep/secret"
)

func TestWhatIsSaidHasTheFieldsOfItsLoggerInTheirOrder(t *testing.T) {
	host := fake.New()
	log.Info("%d%% of %s", 50, "it")
	log.Warn("100%")
	site := log.With("slot", "blue", "port", 8081, "try", 1)
	site.Info("started %s", "it")
	// Both are made before either speaks: neither may lie where the other does.
	first, second := site.With("", nil), site.With("slot", "green")
	first.Debug("first")
	second.Error("second")
	site.Warn("100%")
	log.With().Info("none")
	wanted := `info 50% of it
warn 100%
info started it slot="blue" port="8081" try="1"
debug first slot="blue" port="8081" try="1" ="<nil>"
error second slot="blue" port="8081" try="1" slot="green"
warn 100% slot="blue" port="8081" try="1"
info none`
	if said := host.Told(); said != wanted {
		t.Error(said)
	}
}

func TestASecretIsAFieldByItsMarkerAndAValueWithoutANameIsKept(t *testing.T) {
	host := fake.New()
	abi.SecretById = func(_ unsafe.Pointer, _ uint32, into unsafe.Pointer) { (*abi.Area)(into)[1] = 1 }
	abi.SecretValueId = func(_ int32, into unsafe.Pointer) { fake.Text(into, "token") }
	abi.SecretValueMarker = func(_ int32, into unsafe.Pointer) { fake.Text(into, "{{mark}}") }
	abi.SecretValueDrop = func(int32) {}
	token, err := secret.ByID("token")
	if err != nil {
		t.Fatal(err)
	}
	log.With("token", token, "left over").Info("known")
	if said := host.Told(); said != `info known token="{{mark}}" !BADKEY="left over"` {
		t.Error(said)
	}
}
